// SPDX-License-Identifier: Apache-2.0
#include "support/mounted_td.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "support/fuse_mount.h"

namespace ct::test {
namespace {

constexpr const char* kFile = "/tdx_guest";
constexpr unsigned kGetReport = 0xc4405401;  // TDX_CMD_GET_REPORT0: 64 bytes of data, then 1024 of the report
constexpr std::size_t kData = 64, kReport = 1024;

int getattr(const char* path, struct stat* out, fuse_file_info* /*info*/) {
    std::memset(out, 0, sizeof(*out));
    out->st_nlink = 1;
    const bool file = std::strcmp(path, kFile) == 0;
    if (!file && std::strcmp(path, "/") != 0) return -ENOENT;
    out->st_mode = file ? S_IFREG | 0600 : S_IFDIR | 0755;
    return 0;
}

int open(const char* /*path*/, fuse_file_info* /*info*/) { return 0; }

int ioctl(const char* /*path*/, unsigned command, void* /*argument*/, fuse_file_info* /*info*/, unsigned /*flags*/,
          void* data) {
    if (command != kGetReport) return -ENOTTY;
    const auto& state = *static_cast<const MountedTd::State*>(fuse_get_context()->private_data);
    if (state.error != 0) return -state.error;
    auto* const bytes = static_cast<std::uint8_t*>(data);
    const Bytes report = state.report(ByteView(bytes, kData));
    std::ranges::copy(ByteView(report).first(std::min(report.size(), kReport)), bytes + kData);
    return 0;
}

}  // namespace

Result<std::unique_ptr<MountedTd>> MountedTd::mount(const State& state) {
    State session = state;
    fuse_operations operations{};
    operations.getattr = getattr;
    operations.open = open;
    operations.ioctl = ioctl;
    CT_TRY(auto mounted, FuseMount::serve(operations, &session));
    return std::unique_ptr<MountedTd>(new MountedTd(std::move(mounted)));
}

MountedTd::MountedTd(std::unique_ptr<FuseMount> mount) : mount_(std::move(mount)) {}
MountedTd::~MountedTd() = default;
std::string MountedTd::path() const { return mount_->path() + kFile; }

}  // namespace ct::test
