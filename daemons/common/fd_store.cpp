// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/fd_store.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace ct::daemon {

std::map<std::string, std::vector<Fd>> take_kept_descriptors() {
    std::map<std::string, std::vector<Fd>> kept;
    char** names = nullptr;
    const int count = sd_listen_fds_with_names(1, &names);
    for (int i = 0; i < count; ++i) {
        kept[names[i]].emplace_back(SD_LISTEN_FDS_START + i);
        std::free(names[i]);  // NOLINT(cppcoreguidelines-no-malloc): sd-daemon's
    }
    std::free(static_cast<void*>(names));  // NOLINT(cppcoreguidelines-no-malloc): sd-daemon's
    return kept;
}

Status keep_descriptors(const std::string& name, std::initializer_list<int> descriptors) {
    const std::string words = "FDSTORE=1\nFDNAME=" + name;
    const int r =
        sd_pid_notify_with_fds(0, 0, words.c_str(), std::data(descriptors), static_cast<unsigned>(descriptors.size()));
    if (r < 0) return fail_errno(Reason::io_failed, "systemd's descriptor store", -r);
    return {};
}

void drop_descriptors(const std::string& name) { sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", name.c_str()); }

Result<Fd> sealed_copy(ByteView bytes) {
    Fd copy(::memfd_create("kept", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!copy) return fail_errno(Reason::io_failed, "memfd_create");
    CT_CHECK(write_all(copy.get(), bytes.data(), bytes.size()));
    if (::fcntl(copy.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
        return fail_errno(Reason::io_failed, "sealing a memfd");
    return copy;
}

Result<std::string> read_sealed_copy(const Fd& copy, std::size_t limit) {
    // The offset is shared with whoever read it before.
    if (::lseek(copy.get(), 0, SEEK_SET) != 0) return fail_errno(Reason::io_failed, "a kept descriptor");
    return read_fd(copy.get(), limit);
}

}  // namespace ct::daemon
