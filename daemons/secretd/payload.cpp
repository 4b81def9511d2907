// SPDX-License-Identifier: Apache-2.0
#include "daemons/secretd/payload.h"

#include <algorithm>
#include <cstring>

#include "base/limits.h"
#include "base/registers.h"

namespace ct::secretd {

namespace {

Status fits_environment(const Payload::Source& source) {
    if (std::ranges::find(source.value, std::uint8_t{0}) != source.value.end())
        return fail(Reason::value_has_nul,
                    source.name +
                        ": the value holds a NUL byte and can't be an environment variable; "
                        "store it as base64, or map it under 'secrets' and fetch it by descriptor");
    if (source.name.size() + source.value.size() + 2 > limits::kEnvironmentString)
        return fail(Reason::value_too_large,
                    source.name + ": " + std::to_string(source.value.size()) +
                        " bytes are too many for an environment variable (128 KiB with its name); "
                        "map it under 'secrets' and fetch it by descriptor");
    return {};
}

void put(MutableBytes& at, ByteView bytes) {
    if (!bytes.empty()) std::memcpy(at.data(), bytes.data(), bytes.size());
    at = at.subspan(bytes.size());
}

}  // namespace

Result<Payload> Payload::lay_out(const std::vector<Source>& sources, Protection protection) {
    const RegisterGuard guard;
    Payload payload;
    payload.protection_ = protection;
    std::uint64_t size = 0;
    std::vector<const Source*> order;
    for (const bool environment : {true, false}) {
        for (const auto& source : sources) {
            if (source.environment != environment) continue;
            if (environment) CT_CHECK(fits_environment(source));
            const std::uint64_t length = source.value.size() + (environment ? source.name.size() + 2 : 0);
            payload.entries_.push_back({source.name, environment, size, length, source.rearm, source.version});
            order.push_back(&source);
            size += length;
        }
        if (environment) payload.environment_size_ = size;
    }
    CT_TRY(payload.master_, SecretMapping::create(std::max<std::uint64_t>(size, 1), protection));
    MutableBytes at = payload.master_.bytes();
    constexpr std::uint8_t kNul[] = {0};
    for (const Source* source : order) {
        if (source->environment) {
            put(at, as_bytes(source->name));
            put(at, as_bytes("="));
        }
        put(at, source->value);
        if (source->environment) put(at, kNul);
    }
    return payload;
}

Result<SecretPage> Payload::copy_all() const {
    const RegisterGuard guard;
    CT_TRY(SecretPage page, create_secret_page(std::max<std::uint64_t>(environment_size_, 1), protection_));
    if (environment_size_ > 0) std::memcpy(page.mapping.bytes().data(), master_.bytes().data(), environment_size_);
    return page;
}

const PayloadEntry* Payload::find(std::string_view name) const {
    const auto found = std::ranges::find(entries_, name, &PayloadEntry::name);
    return found == entries_.end() ? nullptr : &*found;
}

Result<SecretPage> Payload::copy_value(std::string_view name) const {
    const RegisterGuard guard;
    const PayloadEntry* entry = find(name);
    if (entry == nullptr) return fail(Reason::name_not_mapped, "this session has no secret of that name");
    auto value = master_.bytes().subspan(entry->offset, entry->length);
    if (entry->environment) value = value.subspan(entry->name.size() + 1, value.size() - entry->name.size() - 2);
    CT_TRY(SecretPage page, create_secret_page(std::max<std::size_t>(value.size(), 1), protection_));
    if (!value.empty()) std::memcpy(page.mapping.bytes().data(), value.data(), value.size());
    return page;
}

}  // namespace ct::secretd
