// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/fd.h"
#include "config/impl.h"

namespace ct::config {
namespace {

Result<std::string> read_config(const std::string& file) {
    // O_NONBLOCK: a FIFO of that name must not hang the daemon.
    const Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!fd && errno == ENOENT) return fail_errno(Reason::config_missing, file);
    if (!fd) return fail_errno(Reason::config_invalid, file);
    struct stat info{};
    if (::fstat(fd.get(), &info) < 0) return fail_errno(Reason::config_invalid, file);
    if (!S_ISREG(info.st_mode)) return fail(Reason::config_invalid, file + ": not a regular file");
    if ((info.st_mode & S_IWOTH) != 0)
        return fail(Reason::config_invalid, file + ": writable by everybody; run: chmod o-w " + file);
    auto text = read_fd(fd.get(), kFileLimit);
    if (!text && text.error().reason == Reason::too_large)
        return fail(Reason::config_invalid, file + ": longer than 256 KiB");
    if (!text) return fail_errno(Reason::config_invalid, file, text.error().sys_errno);
    return text;
}

Result<Tree> parse_file(const std::string& file) {
    CT_TRY(const std::string text, read_config(file));
    return parse_toml(text, file);
}

// The *.toml of a folder in byte order, hidden files left out. A missing folder has none.
Result<std::vector<std::string>> list_folder(const std::string& folder) {
    std::vector<std::string> files;
    DIR* const dir = ::opendir(folder.c_str());
    if (dir == nullptr) {
        if (errno == ENOENT) return files;
        return fail_errno(Reason::config_invalid, folder);
    }
    const std::unique_ptr<DIR, int (*)(DIR*)> closer(dir, ::closedir);
    errno = 0;
    while (const dirent* entry = ::readdir(dir)) {  // NOLINT(concurrency-mt-unsafe): our own stream
        const std::string_view name(entry->d_name);
        if (!name.starts_with('.') && name.ends_with(".toml")) files.push_back(folder + "/" + std::string(name));
    }
    if (errno != 0) return fail_errno(Reason::config_invalid, folder);
    std::ranges::sort(files);
    return files;
}

Status merge_folder(Node::Impl& base, const std::string& folder) {
    CT_TRY(const auto files, list_folder(folder));
    for (const auto& file : files) {
        CT_TRY(Tree over, parse_file(file));
        CT_CHECK(merge(base, std::move(over)));
    }
    return {};
}

}  // namespace

Status merge(Node::Impl& base, Tree over) {
    for (auto& [name, child] : over->members) {
        const auto same = [&key = name](const auto& member) { return member.first == key; };
        const auto old = std::ranges::find_if(base.members, same);
        if (old == base.members.end()) {
            base.members.emplace_back(name, std::move(child));
        } else if (old->second->kind == Kind::table && child->kind == Kind::table) {
            CT_CHECK(merge(*old->second, std::move(child)));
        } else if (old->second->kind == Kind::table || child->kind == Kind::table) {
            const auto& at = old->second->position;
            return Node(child.get())
                .error("a table here and a value at " + at.file + ":" + std::to_string(at.line) +
                       ", or the reverse: one must go");
        } else {
            old->second = std::move(child);
        }
    }
    return {};
}

Document::Document(std::unique_ptr<Node::Impl> root) : root_(std::move(root)) {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;
Node Document::root() const { return Node(root_.get()); }

Result<Document> Document::parse(std::string_view text, const std::string& file_name) {
    CT_TRY(Tree root, parse_toml(text, file_name));
    return Document(std::move(root));
}

Result<Document> Document::load(const std::string& file) {
    CT_TRY(Tree root, parse_file(file));
    std::string stem = file;
    if (stem.ends_with(".toml")) stem.resize(stem.size() - 5);
    CT_CHECK(merge_folder(*root, stem + ".d"));
    return Document(std::move(root));
}

Result<Document> Document::load_folder(const std::string& folder) {
    auto root = std::make_unique<Node::Impl>();
    root->position = Position{folder, 0};
    CT_CHECK(merge_folder(*root, folder));
    return Document(std::move(root));
}

}  // namespace ct::config
