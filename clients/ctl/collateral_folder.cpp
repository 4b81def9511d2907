// SPDX-License-Identifier: Apache-2.0
#include "clients/ctl/collateral_folder.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "attest/collateral/bundle.h"
#include "base/fd.h"
#include "clients/ctl/files.h"

namespace ct::ctl {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWanted = "wanted";

}  // namespace

Result<CollateralFolder> CollateralFolder::open(const std::string& path) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) return fail_errno(Reason::io_failed, path, error.value());
    CollateralFolder out(path);
    CT_CHECK(out.read());
    return out;
}

Status CollateralFolder::read() {
    std::error_code error;
    for (fs::recursive_directory_iterator at(path_, error), end; !error && at != end; at.increment(error)) {
        if (at->path().filename().native().starts_with('.')) {
            at.disable_recursion_pending();
            continue;
        }
        if (!at->is_regular_file(error)) continue;
        std::string name = at->path().lexically_relative(path_);
        if (name == kWanted) continue;
        if (!attest::is_item_name(name)) {
            strangers_.push_back(std::move(name));
            continue;
        }
        if (items_.size() == attest::kMostCollateralItems) return fail(Reason::too_large, path_ + ": too many items");
        CT_TRY(const std::string content, read_file(at->path(), attest::kMostCollateralItem));
        items_[std::move(name)] = to_vector(as_bytes(content));
    }
    if (error) return fail_errno(Reason::io_failed, path_, error.value());
    std::ranges::sort(strangers_);
    return {};
}

std::optional<WallTime> CollateralFolder::stored(const std::string& name) const {
    struct stat status{};
    if (!items_.contains(name) || ::stat((path_ + "/" + name).c_str(), &status) != 0) return std::nullopt;
    return WallTime(Seconds(status.st_mtim.tv_sec));
}

Status CollateralFolder::store(const std::string& name, Bytes content) {
    const fs::path file = fs::path(path_) / name;
    std::error_code error;
    fs::create_directories(file.parent_path(), error);
    if (error) return fail_errno(Reason::io_failed, file.parent_path(), error.value());
    CT_CHECK(write_file(file, content, 0644, Existing::replace));
    items_[name] = std::move(content);
    return {};
}

}  // namespace ct::ctl
