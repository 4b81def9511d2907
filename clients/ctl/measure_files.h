// SPDX-License-Identifier: Apache-2.0
// What the verbs of `measure` share.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "attest/measure/pe_image.h"
#include "base/fd.h"
#include "clients/ctl/output.h"

namespace ct::ctl {

inline Result<std::string> read_boot_file(const std::string& path) {
    if (path.empty()) return std::string();
    return read_file(path, attest::measure::kMostImage);
}

inline std::unexpected<Error> in_file(const std::string& path, const Error& error) {
    return std::unexpected(Error{error.reason, path + ": " + error.context});
}

inline void not_covered(std::initializer_list<std::string_view> what, Output& out) {
    out.json().key("not_covered").begin_array();
    for (const auto one : what) {
        out.line("# Not covered: " + std::string(one));
        out.json().string(one);
    }
    out.json().end_array();
}

}  // namespace ct::ctl
