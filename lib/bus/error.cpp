// SPDX-License-Identifier: Apache-2.0
#include "bus/error.h"

#include <array>

#include "bus/internal.h"

namespace ct::bus {
namespace {

struct Known {
    std::string_view name;  // a name, or a prefix ending in '.'
    Reason reason;
};
// What the bus, sd-bus and systemd's activation say, in our words.
constexpr auto kKnown = std::to_array<Known>({
    {"org.freedesktop.DBus.Error.ServiceUnknown", Reason::daemon_unavailable},
    {"org.freedesktop.DBus.Error.NameHasNoOwner", Reason::daemon_unavailable},
    {"org.freedesktop.DBus.Error.Spawn.", Reason::daemon_unavailable},
    {"org.freedesktop.DBus.Error.TimedOut", Reason::daemon_unavailable},  // of the activation
    {"org.freedesktop.DBus.Error.Disconnected", Reason::daemon_unavailable},
    {"org.freedesktop.DBus.Error.NoReply", Reason::daemon_unavailable},  // it left before it answered
    {"org.freedesktop.DBus.Error.NoServer", Reason::daemon_unavailable},
    {"org.freedesktop.systemd1.", Reason::daemon_unavailable},
    {"org.freedesktop.DBus.Error.Timeout", Reason::timed_out},
    {"org.freedesktop.DBus.Error.AccessDenied", Reason::caller_not_allowed},
    {"org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", Reason::caller_not_allowed},
    {"org.freedesktop.DBus.Error.LimitsExceeded", Reason::quota_exceeded},
    {"org.freedesktop.DBus.Error.InvalidArgs", Reason::invalid_argument},
    {"org.freedesktop.DBus.Error.Unknown", Reason::unsupported},  // UnknownMethod, -Object, -Interface, -Property
});

}  // namespace

std::string error_name(const Error& error) { return std::string(kErrorPrefix) + std::string(bus_error(error.reason)); }

std::string error_message(const Error& error) {
    std::string text = error.to_string();
    // The message is a D-Bus string; context may quote a path with any bytes.
    for (char& c : text)
        if (static_cast<unsigned char>(c) >= 0x80 || static_cast<unsigned char>(c) < 0x20) c = '?';
    return text;
}

Error error_from(std::string_view name, std::string_view message) {
    if (name.starts_with(kErrorPrefix)) {
        const auto colon = message.find(": ");
        const auto reason = reason_from_string(message.substr(0, colon));
        if (reason)
            return {*reason, colon == std::string_view::npos ? std::string() : std::string(message.substr(colon + 2)),
                    0};
    }
    const std::string words = std::string(name) + ": " + std::string(message);
    if (name == SD_BUS_ERROR_NO_REPLY && message == "Method call timed out") return {Reason::timed_out, words, 0};
    for (const auto& known : kKnown)
        if (name == known.name ||
            (name.starts_with(known.name) && (known.name.ends_with('.') || known.name.ends_with("Unknown"))))
            return {known.reason, words, 0};
    return {Reason::internal, words, 0};
}

Error error_from(const sd_bus_error* error, int code) {
    if (error != nullptr && error->name != nullptr)
        return error_from(error->name, error->message == nullptr ? "" : error->message);
    return from_errno(code, "D-Bus call");
}

Error from_errno(int negative, std::string context) {
    const int code = negative < 0 ? -negative : negative;
    switch (code) {
        case ENOTCONN:
        case ECONNRESET:
        case ECONNREFUSED:
        case EPIPE:
        case ESHUTDOWN:
        case ENOENT:
            return {Reason::daemon_unavailable, std::move(context), code};
        case ETIMEDOUT:
            return {Reason::timed_out, std::move(context), code};
        default:
            return {Reason::io_failed, std::move(context), code};
    }
}

}  // namespace ct::bus
