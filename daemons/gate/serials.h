// SPDX-License-Identifier: Apache-2.0
// What the gate has had of the files that people sign, so that nobody can hand it an older one again: the highest serial of
// each purpose, kept across restarts.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ct::gate {

class Serials {
public:
    // FOLDER/serials: a line "PURPOSE SERIAL" each. A missing file is none; malformed if it is not ours, io_failed.
    static Result<Serials> load(const std::string& folder);

    // config_invalid for a serial below the highest; `file` is for the message.
    [[nodiscard]] Status check(std::string_view purpose, std::uint64_t serial, const std::string& file) const;
    // On stable storage when it returns success. Writes nothing where nothing rises.
    Status raise(std::string_view purpose, std::uint64_t serial);
    [[nodiscard]] std::uint64_t highest(std::string_view purpose) const;

private:
    std::string folder_;
    std::map<std::string, std::uint64_t, std::less<>> highest_;
};

}  // namespace ct::gate
