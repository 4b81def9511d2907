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

Result<Payload> Payload::lay_out(const std::vector<Source>& sources, Protection protection, crypto::MemorySeal& seal) {
    const RegisterGuard guard;
    Payload payload;
    payload.protection_ = protection;
    payload.seal_ = &seal;
    for (const auto& source : sources) {
        if (!source.environment) continue;
        CT_CHECK(fits_environment(source));
        const std::uint64_t length = source.name.size() + source.value.size() + 2;
        payload.entries_.push_back(
            {source.name, true, payload.environment_size_, length, source.rearm, source.version});
        payload.environment_size_ += length;
    }
    CT_TRY(SecretBuffer strings, SecretBuffer::create(payload.environment_size_));
    MutableBytes at = strings.bytes();
    constexpr std::uint8_t kNul[] = {0};
    for (const auto& source : sources) {
        if (!source.environment) {
            CT_TRY(payload.values_[source.name], seal.seal(source.value));
            payload.entries_.push_back({source.name, false, 0, source.value.size(), source.rearm, source.version});
            continue;
        }
        put(at, as_bytes(source.name));
        put(at, as_bytes("="));
        put(at, source.value);
        put(at, kNul);
    }
    CT_TRY(payload.environment_, seal.seal(strings.bytes()));
    return payload;
}

Result<SecretPage> Payload::copy_all() const {
    CT_TRY(SecretPage page, create_secret_page(std::max<std::uint64_t>(environment_size_, 1), protection_));
    CT_CHECK(seal_->open(environment_, page.mapping.bytes().first(environment_size_)));
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
    const std::size_t size = entry->length - (entry->environment ? entry->name.size() + 2 : 0);
    CT_TRY(SecretPage page, create_secret_page(std::max<std::size_t>(size, 1), protection_));
    const MutableBytes out = page.mapping.bytes().first(size);
    if (!entry->environment) {
        CT_CHECK(seal_->open(values_.at(entry->name), out));
        return page;
    }
    CT_TRY(SecretBuffer strings, SecretBuffer::create(environment_size_));
    CT_CHECK(seal_->open(environment_, strings.bytes()));
    std::ranges::copy(strings.bytes().subspan(entry->offset + entry->name.size() + 1, size), out.begin());
    return page;
}

}  // namespace ct::secretd
