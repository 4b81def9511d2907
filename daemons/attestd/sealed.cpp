// SPDX-License-Identifier: Apache-2.0
#include "daemons/attestd/sealed.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace ct::attestd {

Result<Fd> sealed_memfd(const char* name, ByteView bytes) {
    Fd fd(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!fd) return fail_errno(Reason::io_failed, "memfd_create");
    CT_CHECK(write_all(fd.get(), bytes.data(), bytes.size()));
    if (::lseek(fd.get(), 0, SEEK_SET) < 0) return fail_errno(Reason::io_failed, "lseek");
    if (::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0) {
        return fail_errno(Reason::io_failed, "F_ADD_SEALS");
    }
    return fd;
}

}  // namespace ct::attestd
