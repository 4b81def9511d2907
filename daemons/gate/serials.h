// SPDX-License-Identifier: Apache-2.0
// What the gate has had of the files that people sign, so that nobody can hand it an older one again, or another one of the same
// serial: the highest serial of each purpose and the hash of what had it, kept across restarts.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace ct::gate {

class Serials {
public:
    // FOLDER/serials: a line "PURPOSE SERIAL HASH" each; the hash was not kept by earlier builds. A missing file is none;
    // malformed if it is not ours, io_failed.
    static Result<Serials> load(const std::string& folder);

    // config_invalid for a serial below the highest, and for the highest one with other content; `file` is for the message.
    [[nodiscard]] Status check(std::string_view purpose, std::uint64_t serial, const Sha256& content,
                               const std::string& file) const;
    // On stable storage when it returns success. Writes nothing where nothing is new.
    Status raise(std::string_view purpose, std::uint64_t serial, const Sha256& content);
    [[nodiscard]] std::uint64_t highest(std::string_view purpose) const;

private:
    struct Had {
        std::uint64_t serial = 0;
        std::optional<Sha256> content;
    };
    static Result<Had> parse(std::string_view text, const std::string& path);
    [[nodiscard]] Had had(std::string_view purpose) const;

    std::string folder_;
    std::map<std::string, Had, std::less<>> highest_;
};

}  // namespace ct::gate
