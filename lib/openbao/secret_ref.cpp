// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "codec/utf8.h"
#include "openbao/answer.h"

namespace ct::openbao {
namespace {

constexpr std::size_t kReference = 1024;

}  // namespace

// A segment goes into a URL path and into the server's policy match: no empty ones and no dots that a server would
// clean up, or the path that was checked is not the path that is read.
Status check_path(std::string_view path, std::string_view what) {
    if (path.empty()) return fail(Reason::invalid_argument, std::string(what) + " is empty");
    if (!printable_utf8(path)) return fail(Reason::invalid_argument, std::string(what) + " is not printable UTF-8");
    std::size_t start = 0;
    while (true) {
        const std::size_t slash = path.find('/', start);
        const std::string_view segment = path.substr(start, slash == std::string_view::npos ? slash : slash - start);
        if (segment.empty()) return fail(Reason::invalid_argument, std::string(what) + " has an empty part");
        if (segment == "." || segment == "..")
            return fail(Reason::invalid_argument, std::string(what) + " has a part \".\" or \"..\"");
        if (segment.size() > limits::kNameLength)
            return fail(Reason::invalid_argument, std::string(what) + " is too long");
        if (slash == std::string_view::npos) return {};
        start = slash + 1;
    }
}

Result<SecretRef> parse_secret_ref(std::string_view text, const std::map<std::string, int>& mounts) {
    if (text.size() > kReference) return fail(Reason::invalid_argument, "secret reference is too long");
    if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
        return fail(Reason::invalid_argument, "secret reference has a control character");
    if (!valid_utf8(text)) return fail(Reason::invalid_argument, "secret reference is not UTF-8");
    const std::size_t hash = text.rfind('#');
    if (hash == std::string_view::npos)
        return fail(Reason::invalid_argument, "secret reference has no field: write mount/path#field");
    const std::string_view where = text.substr(0, hash);
    const std::string_view field = text.substr(hash + 1);
    if (field.empty() || field.size() > limits::kNameLength)
        return fail(Reason::invalid_argument, "field of a secret reference is empty or too long");
    if (where.contains('#')) return fail(Reason::invalid_argument, "secret reference has two '#'");

    // The longest configured mount that the text starts with; else everything before the first slash.
    std::string_view mount = where.substr(0, where.find('/'));
    int version = 2;
    bool known = false;
    for (const auto& [name, kv_version] : mounts) {
        const bool starts = where.size() > name.size() && where.starts_with(name) && where[name.size()] == '/';
        if (!starts || (known && name.size() < mount.size())) continue;
        mount = where.substr(0, name.size());
        version = kv_version;
        known = true;
    }
    if (where.size() <= mount.size())
        return fail(Reason::invalid_argument, "secret reference has no path after its mount");
    const std::string_view path = where.substr(mount.size() + 1);
    CT_CHECK(check_path(mount, "mount of a secret reference"));
    CT_CHECK(check_path(path, "path of a secret reference"));
    if (version != 1 && version != 2)
        return fail(Reason::invalid_argument, "mount with a KV version other than 1 and 2");
    return SecretRef{std::string(mount), std::string(path), std::string(field), version};
}

}  // namespace ct::openbao
