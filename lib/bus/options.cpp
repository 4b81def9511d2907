// SPDX-License-Identifier: Apache-2.0
#include "bus/options.h"

#include <algorithm>

namespace ct::bus {
namespace {

template <class T>
Result<OptionValue> read_as(Message& message) {
    CT_TRY(T value, message.read<T>());
    return OptionValue(std::move(value));
}

Result<OptionValue> read_value(Message& message, std::string_view signature) {
    if (signature == "b") return read_as<bool>(message);
    if (signature == "u") return read_as<std::uint32_t>(message);
    if (signature == "t") return read_as<std::uint64_t>(message);
    if (signature == "s") return read_as<std::string>(message);
    if (signature == "ay") return read_as<Bytes>(message);
    if (signature == "as") return read_as<std::vector<std::string>>(message);
    if (signature == "a{ss}") return read_as<StringMap>(message);
    if (signature == "h") return read_as<Fd>(message);
    return fail(Reason::internal, "an option of a type that options do not have");
}

const char* signature_of(const OptionValue& value) {
    static constexpr const char* kSignatures[] = {"b", "u", "t", "s", "ay", "as", "a{ss}", "h"};
    static_assert(std::variant_size_v<OptionValue> == std::size(kSignatures));
    return kSignatures[value.index()];
}

}  // namespace

Result<Options> Options::read(Message& message, std::initializer_list<KnownOption> known) {
    CT_TRY(const bool entered, message.enter('a', "{sv}"));
    if (!entered) return fail(Reason::malformed, "expected options, a{sv}");
    Options out;
    for (;;) {
        CT_TRY(const bool another, message.enter('e', "sv"));
        if (!another) break;
        CT_TRY(std::string name, message.read<std::string>());
        const auto* const row = std::ranges::find(known, std::string_view(name), &KnownOption::name);
        if (row == known.end()) return fail(Reason::invalid_argument, "unknown option: " + name.substr(0, 64));
        CT_TRY(const std::string signature, message.variant_type());
        if (signature != row->signature)
            return fail(Reason::invalid_argument, "option " + name + " must be of type " + std::string(row->signature));
        CT_TRY(const bool inside, message.enter('v', signature.c_str()));
        if (!inside) return fail(Reason::malformed, "option " + name + " has no value");
        CT_TRY(OptionValue value, read_value(message, signature));
        CT_CHECK(message.exit());
        CT_CHECK(message.exit());
        if (!out.values_.emplace(name, std::move(value)).second)
            return fail(Reason::invalid_argument, "option given twice: " + name);
    }
    CT_CHECK(message.exit());
    return out;
}

Status append_options(Message& message, const std::map<std::string, OptionValue>& options) {
    CT_CHECK(message.open('a', "{sv}"));
    for (const auto& [name, value] : options) {
        CT_CHECK(message.open('e', "sv"));
        CT_CHECK(message.append(name));
        CT_CHECK(message.open('v', signature_of(value)));
        CT_CHECK(std::visit([&](const auto& content) { return message.append(content); }, value));
        CT_CHECK(message.close());
        CT_CHECK(message.close());
    }
    return message.close();
}

}  // namespace ct::bus
