// SPDX-License-Identifier: Apache-2.0
#include "support/tpm_builder.h"

namespace ct::test {

Bytes AttestFields::bytes() const {
    ByteBuilder out;
    out.be32(magic).be16(type).tpm2b(qualified_signer).tpm2b(extra_data);
    out.be64(clock).be32(reset_count).be32(restart_count).u8(safe).be64(firmware_version);
    out.be32(static_cast<std::uint32_t>(selections.size()));
    for (const Selection& one : selections) {
        out.be16(one.bank).u8(static_cast<std::uint8_t>(one.bitmap.size())).raw(one.bitmap);
    }
    return out.tpm2b(pcr_digest);
}

Bytes EventLogBuilder::header(const std::vector<std::pair<std::uint16_t, std::uint16_t>>& algorithms) {
    ByteBuilder spec;
    spec.raw(as_bytes({"Spec ID Event03\0", 16})).le32(0).u8(0).u8(2).u8(0).u8(2);
    spec.le32(static_cast<std::uint32_t>(algorithms.size()));
    for (const auto& [id, size] : algorithms)
        spec.le16(id).le16(size);
    const Bytes event = spec.u8(0);
    return ByteBuilder().le32(0).le32(3).raw(Bytes(20)).le32(static_cast<std::uint32_t>(event.size())).raw(event);
}

EventLogBuilder::EventLogBuilder() : bytes_(header({{0x0004, 20}, {0x000b, 32}})) {}

EventLogBuilder& EventLogBuilder::event(std::uint32_t pcr, std::uint32_t type, const Sha256& digest,
                                        std::string_view data) {
    ByteBuilder out;
    out.le32(pcr).le32(type).le32(2).le16(0x0004).raw(Bytes(20, 0x11)).le16(0x000b).raw(digest);
    out.le32(static_cast<std::uint32_t>(data.size())).raw(as_bytes(data));
    append(bytes_, Bytes(out));
    return *this;
}

}  // namespace ct::test
