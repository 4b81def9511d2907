// SPDX-License-Identifier: Apache-2.0
// The trailing a{sv} of our methods. An unknown key is an error, so that a caller never believes in an option that the
// daemon does not know.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <variant>

#include "bus/message.h"

namespace ct::bus {

using OptionValue = std::variant<bool, std::uint32_t, std::uint64_t, std::string, Bytes, std::vector<std::string>,
                                 StringMap, Fd>;  // b u t s ay as a{ss} h

struct KnownOption {
    std::string_view name;
    std::string_view signature;  // one of those above
};

class Options {
public:
    // Reads an a{sv}: invalid_argument for a key that is not known, is given twice, or has another type.
    static Result<Options> read(Message& message, std::initializer_list<KnownOption> known);
    // nullptr when not given. T must be the type that belongs to the known signature.
    template <class T>
    [[nodiscard]] const T* get(std::string_view name) const {
        const auto at = values_.find(name);
        return at == values_.end() ? nullptr : std::get_if<T>(&at->second);
    }
    // The same for a value to be moved out (descriptors).
    template <class T>
    [[nodiscard]] T* get(std::string_view name) {
        const auto at = values_.find(name);
        return at == values_.end() ? nullptr : std::get_if<T>(&at->second);
    }

private:
    std::map<std::string, OptionValue, std::less<>> values_;
};

// Writes an a{sv}; {} writes an empty one.
Status append_options(Message& message, const std::map<std::string, OptionValue>& options);

}  // namespace ct::bus
