// SPDX-License-Identifier: Apache-2.0
// A D-Bus message, read and written in order with checked types. Every read is bounded before it copies. Secret bytes
// never enter a message: they travel as descriptors.
#pragma once

#include <concepts>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"

struct sd_bus_message;

namespace ct::bus {

struct ObjectPath {  // 'o'
    std::string text;
    friend bool operator==(const ObjectPath&, const ObjectPath&) = default;
};
using StringMap = std::map<std::string, std::string>;  // a{ss}

inline constexpr std::size_t kTextLimit = 64 << 10;  // bytes of one string
inline constexpr std::size_t kBytesLimit = 4 << 20;  // bytes of one ay
inline constexpr std::size_t kArrayLimit = 4096;     // elements of one array

// What Message::read and Message::append know, with the signature of each.
template <class T>
concept Readable =
    std::same_as<T, std::string> || std::same_as<T, ObjectPath> || std::same_as<T, std::uint32_t> ||     // s o u
    std::same_as<T, std::uint64_t> || std::same_as<T, std::int32_t> || std::same_as<T, std::int64_t> ||  // t i x
    std::same_as<T, bool> || std::same_as<T, Fd> || std::same_as<T, Bytes> ||                            // b h ay
    std::same_as<T, std::vector<std::string>> || std::same_as<T, StringMap>;                             // as a{ss}
template <class T>
concept Appendable = Readable<T> || std::convertible_to<T, std::string_view> || std::convertible_to<T, ByteView>;

class [[nodiscard]] Message {
public:
    Message() = default;
    static Message adopt(sd_bus_message* message);  // takes over the reference
    static Message share(sd_bus_message* message);  // takes one more
    Message(Message&& other) noexcept;
    Message& operator=(Message&& other) noexcept;
    Message(const Message&) = delete;
    Message& operator=(const Message&) = delete;
    ~Message();
    explicit operator bool() const { return message_ != nullptr; }
    [[nodiscard]] sd_bus_message* raw() const { return message_; }

    // The next value; malformed when the message holds another type, too_large over the limits above. A descriptor is
    // duplicated with CLOEXEC, so it lives on its own.
    template <Readable T>
    Result<T> read();
    // Goes into the next container: enter('a', "(ss)"), enter('r', "ss") for a struct, enter('e', "sv"), enter('v', "s").
    // false when an array has no more elements (or the type differs).
    Result<bool> enter(char type, const char* contents);
    Status exit();
    Result<bool> at_end() const;  // of the container one is in
    // Contents signature of the variant that comes next, "" when it is no variant.
    Result<std::string> variant_type();
    Status skip(const char* signature);

    // Adds one value. Strings must be UTF-8 without NUL: invalid_argument otherwise. A descriptor is duplicated.
    template <Appendable T>
    Status append(const T& value);
    Status open(char type, const char* contents);
    Status close();
    // Several values in order.
    template <class... T>
    Status append_all(const T&... values) {
        Status status;
        (void)((status = append(values), status.has_value()) && ...);
        return status;
    }
    // Memory of this message, and of the reply to it, is erased when freed.
    Status mark_sensitive();

private:
    explicit Message(sd_bus_message* message) : message_(message) {}
    Status append_text(char type, std::string_view text);
    Status append_basic(char type, const void* value);
    Status append_bytes(ByteView bytes);
    Status append_strings(const std::vector<std::string>& strings);
    Status append_map(const StringMap& map);
    sd_bus_message* message_ = nullptr;
};

template <>
Result<std::string> Message::read();
template <>
Result<ObjectPath> Message::read();
template <>
Result<std::uint32_t> Message::read();
template <>
Result<std::uint64_t> Message::read();
template <>
Result<std::int32_t> Message::read();
template <>
Result<std::int64_t> Message::read();
template <>
Result<bool> Message::read();
template <>
Result<Fd> Message::read();
template <>
Result<Bytes> Message::read();
template <>
Result<std::vector<std::string>> Message::read();
template <>
Result<StringMap> Message::read();

template <Appendable T>
Status Message::append(const T& value) {
    if constexpr (std::same_as<T, bool>) {
        const int wide = value ? 1 : 0;  // 'b' is an int in sd-bus
        return append_basic('b', &wide);
    } else if constexpr (std::same_as<T, std::uint32_t>) {
        return append_basic('u', &value);
    } else if constexpr (std::same_as<T, std::uint64_t>) {
        return append_basic('t', &value);
    } else if constexpr (std::same_as<T, std::int32_t>) {
        return append_basic('i', &value);
    } else if constexpr (std::same_as<T, std::int64_t>) {
        return append_basic('x', &value);
    } else if constexpr (std::same_as<T, Fd>) {
        const int fd = value.get();
        return append_basic('h', &fd);
    } else if constexpr (std::same_as<T, ObjectPath>) {
        return append_text('o', value.text);
    } else if constexpr (std::same_as<T, std::vector<std::string>>) {
        return append_strings(value);
    } else if constexpr (std::same_as<T, StringMap>) {
        return append_map(value);
    } else if constexpr (std::convertible_to<T, std::string_view>) {
        return append_text('s', value);
    } else {
        return append_bytes(value);
    }
}

}  // namespace ct::bus
