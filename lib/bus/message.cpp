// SPDX-License-Identifier: Apache-2.0
#include "bus/message.h"

#include <fcntl.h>
#include <systemd/sd-bus.h>

#include <utility>

#include "bus/internal.h"

namespace ct::bus {
namespace {

std::unexpected<Error> read_error(int r, const char* wanted) {
    if (r == 0 || r == -ENXIO || r == -EBADMSG) return fail(Reason::malformed, std::string("expected ") + wanted);
    return fail_errno(Reason::io_failed, "reading a D-Bus message", -r);
}

// The memory that `value` points to must suit `type`.
template <class T>
Result<T> read_basic(sd_bus_message* message, char type, const char* wanted) {
    T value{};
    if (const int r = sd_bus_message_read_basic(message, type, static_cast<void*>(&value)); r <= 0)
        return read_error(r, wanted);
    return value;
}

Result<std::string> read_text(sd_bus_message* message, char type, const char* wanted) {
    CT_TRY(const char* const text, read_basic<const char*>(message, type, wanted));
    const std::string_view view(text);
    if (view.size() > kTextLimit) return fail(Reason::too_large, std::string(wanted) + " over 64 KiB");
    return std::string(view);
}

Status checked(int r, const char* what) {
    if (r < 0) return fail_errno(Reason::io_failed, what, -r);
    return {};
}

}  // namespace

Message Message::adopt(sd_bus_message* message) { return Message(message); }
Message Message::share(sd_bus_message* message) { return Message(sd_bus_message_ref(message)); }
Message::Message(Message&& other) noexcept : message_(std::exchange(other.message_, nullptr)) {}
Message& Message::operator=(Message&& other) noexcept {
    std::swap(message_, other.message_);
    return *this;
}
Message::~Message() { sd_bus_message_unref(message_); }

template <>
Result<std::string> Message::read() {
    return read_text(message_, 's', "a string");
}
template <>
Result<ObjectPath> Message::read() {
    CT_TRY(std::string path, read_text(message_, 'o', "an object path"));
    return ObjectPath{std::move(path)};
}
template <>
Result<std::uint32_t> Message::read() {
    return read_basic<std::uint32_t>(message_, 'u', "a 32-bit unsigned number");
}
template <>
Result<std::uint64_t> Message::read() {
    return read_basic<std::uint64_t>(message_, 't', "a 64-bit unsigned number");
}
template <>
Result<std::int32_t> Message::read() {
    return read_basic<std::int32_t>(message_, 'i', "a 32-bit number");
}
template <>
Result<std::int64_t> Message::read() {
    return read_basic<std::int64_t>(message_, 'x', "a 64-bit number");
}
template <>
Result<bool> Message::read() {
    CT_TRY(const int value, read_basic<int>(message_, 'b', "a boolean"));
    return value != 0;
}
template <>
Result<Fd> Message::read() {
    CT_TRY(const int borrowed, read_basic<int>(message_, 'h', "a descriptor"));
    Fd copy(::fcntl(borrowed, F_DUPFD_CLOEXEC, 3));
    if (!copy) return fail_errno(Reason::io_failed, "dup of a received descriptor");
    return copy;
}
template <>
Result<Bytes> Message::read() {
    const void* data = nullptr;
    std::size_t size = 0;
    if (const int r = sd_bus_message_read_array(message_, 'y', &data, &size); r <= 0)
        return read_error(r, "an array of bytes");
    if (size > kBytesLimit) return fail(Reason::too_large, "an array of bytes over 4 MiB");
    return to_vector({static_cast<const std::uint8_t*>(data), size});
}
template <>
Result<std::vector<std::string>> Message::read() {
    CT_TRY(const bool entered, enter('a', "s"));
    if (!entered) return fail(Reason::malformed, "expected an array of strings");
    std::vector<std::string> out;
    for (;;) {
        CT_TRY(const bool end, at_end());
        if (end) break;
        if (out.size() == kArrayLimit) return fail(Reason::too_large, "an array of over 4096 strings");
        CT_TRY(std::string text, read<std::string>());
        out.push_back(std::move(text));
    }
    CT_CHECK(exit());
    return out;
}
template <>
Result<StringMap> Message::read() {
    CT_TRY(const bool entered, enter('a', "{ss}"));
    if (!entered) return fail(Reason::malformed, "expected a map of strings");
    StringMap out;
    for (;;) {
        CT_TRY(const bool another, enter('e', "ss"));
        if (!another) break;
        if (out.size() == kArrayLimit) return fail(Reason::too_large, "a map of over 4096 strings");
        CT_TRY(std::string key, read<std::string>());
        CT_TRY(std::string value, read<std::string>());
        CT_CHECK(exit());
        if (!out.emplace(key, std::move(value)).second) return fail(Reason::malformed, "given twice: " + key);
    }
    CT_CHECK(exit());
    return out;
}

Result<bool> Message::enter(char type, const char* contents) {
    const int r = sd_bus_message_enter_container(message_, type, contents);
    if (r == -ENXIO || r == -EBADMSG) return read_error(r, contents);
    if (r < 0) return read_error(r, contents);
    return r > 0;
}
Status Message::exit() {
    const int r = sd_bus_message_exit_container(message_);
    if (r == -EBUSY) return fail(Reason::malformed, "more values than expected");
    return checked(r, "leaving a D-Bus container");
}
Result<bool> Message::at_end() const {
    const int r = sd_bus_message_at_end(message_, 0);
    if (r < 0) return read_error(r, "a value");
    return r > 0;
}
Result<std::string> Message::variant_type() {
    char type = 0;
    const char* contents = nullptr;
    const int r = sd_bus_message_peek_type(message_, &type, &contents);
    if (r < 0) return read_error(r, "a variant");
    if (r == 0 || type != 'v' || contents == nullptr) return std::string();
    return std::string(contents);
}
Status Message::skip(const char* signature) {
    if (const int r = sd_bus_message_skip(message_, signature); r < 0) return read_error(r, signature);
    return {};
}

Status Message::append_basic(char type, const void* value) {
    return checked(sd_bus_message_append_basic(message_, type, value), "writing a D-Bus message");
}
Status Message::append_text(char type, std::string_view text) {
    if (text.find('\0') != std::string_view::npos) return fail(Reason::invalid_argument, "a NUL in a D-Bus string");
    const std::string terminated(text);
    const int r = sd_bus_message_append_basic(message_, type, terminated.c_str());
    if (r == -EINVAL) return fail(Reason::invalid_argument, type == 'o' ? "not an object path" : "not UTF-8");
    return checked(r, "writing a D-Bus message");
}
Status Message::append_bytes(ByteView bytes) {
    return checked(sd_bus_message_append_array(message_, 'y', bytes.data(), bytes.size()), "writing a D-Bus message");
}
Status Message::append_strings(const std::vector<std::string>& strings) {
    CT_CHECK(open('a', "s"));
    for (const auto& text : strings)
        CT_CHECK(append(text));
    return close();
}
Status Message::append_map(const StringMap& map) {
    CT_CHECK(open('a', "{ss}"));
    for (const auto& [key, value] : map) {
        CT_CHECK(open('e', "ss"));
        CT_CHECK(append(key));
        CT_CHECK(append(value));
        CT_CHECK(close());
    }
    return close();
}
Status Message::open(char type, const char* contents) {
    return checked(sd_bus_message_open_container(message_, type, contents), "writing a D-Bus message");
}
Status Message::close() { return checked(sd_bus_message_close_container(message_), "writing a D-Bus message"); }
Status Message::mark_sensitive() { return checked(sd_bus_message_sensitive(message_), "marking a D-Bus message"); }

}  // namespace ct::bus
