// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>

#include "base/limits.h"
#include "base/secret_memory.h"
#include "clients/ctl/commands.h"
#include "clients/ctl/node_bus.h"

namespace ct::ctl {

Status check_target(int to_fd, bool force) {
    const int mode = ::fcntl(to_fd, F_GETFL);
    if (mode < 0)
        return fail(Reason::invalid_argument,
                    "descriptor " + std::to_string(to_fd) + " is not open; in a shell: --to-fd 3 3>TARGET");
    if ((mode & O_ACCMODE) == O_RDONLY)
        return fail(Reason::invalid_argument, "descriptor " + std::to_string(to_fd) + " is not open for writing");
    if (::isatty(to_fd) == 1 && !force)
        return fail(Reason::invalid_argument,
                    "descriptor " + std::to_string(to_fd) +
                        " is a terminal: the secret would stay in its scrollback. Use a pipe, or --force");
    return {};
}

Status deliver(int secret, std::size_t size, int to_fd) {
    if (size == 0) return {};  // an empty value has no page to map
    if (size > limits::kSecretValue) return fail(Reason::too_large, "the secret is over its bound");
    CT_TRY(const SecretMapping page, SecretMapping::map_read_only(secret, size));
    return write_all(to_fd, page.bytes().data(),
                     size);  // the kernel copies from the page; no buffer of ours is between
}

Result<int> fetch(const FetchOptions& options, Output& out) {
    CT_CHECK(check_target(options.to_fd, options.force));
    // No core of this process, and no tracing by others of this user, from before the secret comes.
    if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return fail_errno(Reason::internal, "prctl(PR_SET_DUMPABLE)");
    // A reader that goes away is an error with words.
    if (::signal(SIGPIPE, SIG_IGN) == SIG_ERR) return fail_errno(Reason::internal, "signal");
    CT_TRY(NodeBus bus, NodeBus::open(true, false));
    CT_TRY(const Fetched secret, bus.fetch(options.workload, options.name));
    CT_CHECK(deliver(secret.fd.get(), secret.size, options.to_fd));
    out.json()
        .begin_object()
        .key("workload")
        .string(options.workload)
        .key("name")
        .string(options.name)
        .key("size")
        .number(static_cast<std::int64_t>(secret.size))
        .key("version")
        .number(static_cast<std::int64_t>(secret.version))
        .end_object();
    return 0;
}

}  // namespace ct::ctl
