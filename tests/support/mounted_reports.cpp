// SPDX-License-Identifier: Apache-2.0
#include "support/mounted_reports.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "support/fuse_mount.h"

namespace ct::test {
namespace {

constexpr std::size_t kMost = 64UZ * 1024;

// Attributes that the kernel writes and reads as a whole: what was written counts when the file is closed, whatever comes of it.
bool is_blob(const std::string& attribute) { return attribute.ends_with("blob"); }
bool is_written(const std::string& attribute) { return attribute == "inblob" || attribute == "privlevel"; }

struct Open {
    std::string entry, attribute;
    Bytes bytes;
    bool filled = false, written = false;
};

struct Place {
    std::string entry, attribute;
};
Place parse(const char* path) {
    const std::string text(path + 1);
    const auto slash = text.find('/');
    if (slash == std::string::npos) return {text, {}};
    return {text.substr(0, slash), text.substr(slash + 1)};
}

int number(const Error& error) { return error.sys_errno != 0 ? -error.sys_errno : -EIO; }

struct Session {
    std::shared_ptr<SimulatedReports::State> state;
    SimulatedReports reports{state};
    // Whose a file is, where somebody changed it; until then root's, as configfs has it.
    struct Owner {
        mode_t mode;
        uid_t uid = 0;
        gid_t gid = 0;
    };
    std::map<std::string, Owner> owners = {};

    static Session& self() { return *static_cast<Session*>(fuse_get_context()->private_data); }
    static Open& opened(const fuse_file_info* info) {
        return *reinterpret_cast<Open*>(info->fh);  // NOLINT(performance-no-int-to-ptr): libfuse's way
    }
    [[nodiscard]] bool has(const std::string& attribute) const {
        const auto all = reports.attributes();
        return std::ranges::find(all, attribute) != all.end();
    }

    static int getattr(const char* path, struct stat* out, fuse_file_info* /*info*/) {
        const auto [entry, attribute] = parse(path);
        std::memset(out, 0, sizeof(*out));
        out->st_nlink = 1;
        if (!entry.empty() && !self().state->entries.contains(entry)) return -ENOENT;
        if (!attribute.empty() && !self().has(attribute)) return -ENOENT;
        const Owner owner = self().owner(path);
        out->st_mode = (attribute.empty() ? S_IFDIR : S_IFREG) | owner.mode;
        out->st_uid = owner.uid;
        out->st_gid = owner.gid;
        return 0;
    }
    [[nodiscard]] Owner owner(const std::string& path) const {
        if (const auto at = owners.find(path); at != owners.end()) return at->second;
        const std::string attribute = parse(path.c_str()).attribute;
        if (attribute.empty()) return {0755};
        return {is_written(attribute) ? mode_t{0200} : mode_t{0444}};
    }
    static int chmod(const char* path, mode_t mode, fuse_file_info* /*info*/) {
        Owner owner = self().owner(path);
        owner.mode = mode & 07777;
        self().owners.insert_or_assign(path, owner);
        return 0;
    }
    static int chown(const char* path, uid_t uid, gid_t gid, fuse_file_info* /*info*/) {
        Owner owner = self().owner(path);
        if (uid != static_cast<uid_t>(-1)) owner.uid = uid;
        if (gid != static_cast<gid_t>(-1)) owner.gid = gid;
        self().owners.insert_or_assign(path, owner);
        return 0;
    }
    static int readdir(const char* path, void* buffer, fuse_fill_dir_t fill, off_t /*offset*/, fuse_file_info* /*info*/,
                       fuse_readdir_flags /*flags*/) {
        const auto add = [&](const std::string& name) {
            fill(buffer, name.c_str(), nullptr, 0, static_cast<fuse_fill_dir_flags>(0));
        };
        if (parse(path).entry.empty())
            for (const auto& [name, entry] : self().state->entries)
                add(name);
        else
            std::ranges::for_each(self().reports.attributes(), add);
        return 0;
    }
    static int mkdir(const char* path, mode_t /*mode*/) {
        const auto [entry, attribute] = parse(path);
        if (!attribute.empty()) return -EPERM;
        const Status made = self().reports.make(entry);
        return made ? 0 : number(made.error());
    }
    static int rmdir(const char* path) {
        const std::string entry = parse(path).entry;
        self().reports.remove(entry);
        std::erase_if(self().owners, [&](const auto& one) { return parse(one.first.c_str()).entry == entry; });
        return 0;
    }
    static int open(const char* path, fuse_file_info* info) {
        const auto [entry, attribute] = parse(path);
        const int mode = info->flags & O_ACCMODE;
        if (mode == O_RDWR || is_written(attribute) != (mode == O_WRONLY)) return -EACCES;
        info->fh = reinterpret_cast<std::uintptr_t>(new Open{entry, attribute, {}});
        info->direct_io = 1;
        return 0;
    }
    static int read(const char* /*path*/, char* out, std::size_t size, off_t offset, fuse_file_info* info) {
        Open& file = opened(info);
        if (!file.filled) {
            auto bytes = self().reports.read(file.entry, file.attribute, kMost);
            if (!bytes) return number(bytes.error());
            file.bytes = std::move(*bytes);
            file.filled = true;
        }
        const auto from = std::min(static_cast<std::size_t>(offset), file.bytes.size());
        const auto count = std::min(size, file.bytes.size() - from);
        std::copy_n(file.bytes.begin() + static_cast<std::ptrdiff_t>(from), count, out);
        return static_cast<int>(count);
    }
    static int write(const char* /*path*/, const char* in, std::size_t size, off_t offset, fuse_file_info* info) {
        Open& file = opened(info);
        const ByteView bytes = as_bytes({in, size});
        if (!is_blob(file.attribute)) {
            const Status stored = self().reports.write(file.entry, file.attribute, bytes);
            return stored ? static_cast<int>(size) : number(stored.error());
        }
        const auto end = static_cast<std::size_t>(offset) + size;
        if (end > kMost) return -EFBIG;
        if (end > file.bytes.size()) file.bytes.resize(end);
        std::ranges::copy(bytes, file.bytes.begin() + offset);
        file.written = true;
        return static_cast<int>(size);
    }
    static int flush(const char* /*path*/, fuse_file_info* info) {
        Open& file = opened(info);
        if (std::exchange(file.written, false))
            static_cast<void>(self().reports.write(file.entry, file.attribute, file.bytes));
        return 0;
    }
    static int release(const char* /*path*/, fuse_file_info* info) {
        delete &opened(info);
        return 0;
    }
    static int truncate(const char* /*path*/, off_t /*size*/, fuse_file_info* /*info*/) { return 0; }
};

}  // namespace

std::optional<std::string> MountedReports::missing() { return FuseMount::missing(); }

Result<std::unique_ptr<MountedReports>> MountedReports::mount(const SimulatedReports::State& state) {
    Session session{std::make_shared<SimulatedReports::State>(state)};
    fuse_operations operations{};
    operations.getattr = Session::getattr;
    operations.chmod = Session::chmod;
    operations.chown = Session::chown;
    operations.readdir = Session::readdir;
    operations.mkdir = Session::mkdir;
    operations.rmdir = Session::rmdir;
    operations.open = Session::open;
    operations.read = Session::read;
    operations.write = Session::write;
    operations.flush = Session::flush;
    operations.release = Session::release;
    operations.truncate = Session::truncate;
    CT_TRY(auto mounted, FuseMount::serve(operations, &session));
    return std::unique_ptr<MountedReports>(new MountedReports(std::move(mounted)));
}

MountedReports::MountedReports(std::unique_ptr<FuseMount> mount) : mount_(std::move(mount)) {}
MountedReports::~MountedReports() = default;
std::string MountedReports::path() const { return mount_->path(); }

}  // namespace ct::test
