// SPDX-License-Identifier: Apache-2.0
#include "support/fuse_mount.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/fd.h"

namespace ct::test {
namespace {

// Serves until it is unmounted. What `ready` gets is whether it could be mounted.
[[noreturn]] void serve_at(const std::string& path, const fuse_operations& operations, void* session, const Fd& ready) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    char name[] = "test",
         option[] = "-oallow_other,default_permissions,attr_timeout=0,entry_timeout=0,negative_timeout=0";
    char* words[] = {name, option, nullptr};
    fuse_args arguments = FUSE_ARGS_INIT(2, words);
    fuse* handle = fuse_new(&arguments, &operations, sizeof(operations), session);
    const char good = handle != nullptr && fuse_mount(handle, path.c_str()) == 0 ? 1 : 0;
    static_cast<void>(write_all(ready.get(), &good, 1));
    if (good == 1) fuse_loop(handle);
    ::_exit(0);
}

}  // namespace

std::optional<std::string> FuseMount::missing() {
    if (::geteuid() != 0) return "root (a file system is mounted)";
    if (::access("/dev/fuse", R_OK | W_OK) != 0) return "/dev/fuse";
    return std::nullopt;
}

Result<std::unique_ptr<FuseMount>> FuseMount::serve(const fuse_operations& operations, void* session) {
    static const bool alone =
        ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    if (!alone) return fail_errno(Reason::unsupported, "a mount namespace");
    std::unique_ptr<FuseMount> out(new FuseMount);
    CT_TRY(SocketPair word, socket_pair());
    out->server_ = ::fork();
    if (out->server_ == 0) serve_at(out->path(), operations, session, word.theirs);
    word.theirs.reset();
    char good = 0;
    if (::read(word.ours.get(), &good, 1) != 1 || good != 1) return fail(Reason::unsupported, "mounting by FUSE");
    return out;
}

FuseMount::~FuseMount() {
    ::umount2(path().c_str(), MNT_DETACH);  // ends the server's loop
    if (server_ > 0) ::waitpid(server_, nullptr, 0);
}

}  // namespace ct::test
