// SPDX-License-Identifier: Apache-2.0
// Errors are values. No exception crosses a floor; library code returns a Result and never logs.
#pragma once

#include <cerrno>
#include <cstring>
#include <expected>
#include <string>
#include <utility>

#include "base/reason.h"

namespace ct {

// What went wrong: a stable code, words for a person (never secret bytes, never text from the vault), and errno if the
// kernel said so.
struct [[nodiscard]] Error {
    Reason reason = Reason::internal;
    std::string context;
    int sys_errno = 0;

    // "evidence_nonce_mismatch: quote of pcr 0: No such file or directory"
    std::string to_string() const {
        std::string out(ct::to_string(reason));
        if (!context.empty()) out.append(": ").append(context);
        if (sys_errno != 0) out.append(": ").append(::strerror(sys_errno));
        return out;
    }
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

[[nodiscard]] inline std::unexpected<Error> fail(Reason reason, std::string context = {}) {
    return std::unexpected(Error{reason, std::move(context), 0});
}
// For a failed system call: keeps errno.
[[nodiscard]] inline std::unexpected<Error> fail_errno(Reason reason, std::string context, int err = errno) {
    return std::unexpected(Error{reason, std::move(context), err});
}

}  // namespace ct

// NOLINTBEGIN(bugprone-macro-parentheses): a declaration can't stand in parentheses.
#define CT_CONCAT_(a, b) a##b
#define CT_CONCAT(a, b) CT_CONCAT_(a, b)
#define CT_TRY_(tmp, decl, expr)                                                                                       \
    auto tmp = (expr);                                                                                                 \
    if (!tmp) return std::unexpected(std::move(tmp).error());                                                          \
    decl = std::move(*tmp)
// CT_TRY(auto x, f());  declares x from a Result, or returns its error.
#define CT_TRY(decl, expr) CT_TRY_(CT_CONCAT(ct_try_, __COUNTER__), decl, expr)
// NOLINTEND(bugprone-macro-parentheses)
// CT_CHECK(f());  returns the error of a Status.
#define CT_CHECK(expr)                                                                                                 \
    do {                                                                                                               \
        if (auto ct_status = (expr); !ct_status) return std::unexpected(std::move(ct_status).error());                 \
    } while (false)
