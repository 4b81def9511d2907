// SPDX-License-Identifier: Apache-2.0
// The filter that makes every exec of the tree wait for the guard, and the descriptor on which the guard hears of them
// (seccomp_unotify(2)).
#pragma once

#include <linux/filter.h>

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace ct::run {

// execve and execveat go to the guard, those of the x32 ABI are refused, all else passes. Comparisons of number and
// architecture only, so that the kernel (5.11) decides all other calls by a bitmap, without running the filter.
std::vector<sock_filter> exec_filter();

// Installs it for this thread and its children to come; returns the listener. Sets no_new_privs only where the kernel asks
// for it (no CAP_SYS_ADMIN). guard_not_permitted, with advice.
Result<Fd> install_exec_filter();

// One exec that waits for an answer.
struct ExecCall {
    std::uint64_t id;
    int tid;  // in our pid namespace; 0 when the process is not visible from here
    std::uint32_t arch;
    std::uint32_t number;
    std::array<std::uint64_t, 6> arguments;

    [[nodiscard]] bool is_64bit() const;
    [[nodiscard]] std::uint64_t environment() const;  // address of envp
};

class Listener {
public:
    explicit Listener(Fd fd) : fd_(std::move(fd)) {}
    [[nodiscard]] int fd() const { return fd_.get(); }

    // The next waiting exec; nullopt when the one that made the descriptor ready was killed meanwhile.
    Result<std::optional<ExecCall>> next();
    // False once the caller was killed.
    [[nodiscard]] bool still_waits(const ExecCall& call) const;
    // An answer to a caller that is gone is no error: nothing is left to do then.
    void let_pass(const ExecCall& call);
    void refuse(const ExecCall& call, int error_number);
    // Installs a duplicate of `fd` in the caller and makes its system call return that number. EMFILE: its table is full.
    Status answer_with_fd(const ExecCall& call, const Fd& fd);

private:
    Fd fd_;
};

}  // namespace ct::run
