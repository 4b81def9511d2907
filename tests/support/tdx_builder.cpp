// SPDX-License-Identifier: Apache-2.0
#include "support/tdx_builder.h"

#include "support/tpm_builder.h"

namespace ct::test {
namespace {

std::uint32_t sum(std::size_t size, int more) { return static_cast<std::uint32_t>(static_cast<int>(size) + more); }

}  // namespace

Bytes TdFields::bytes(bool td15) const {
    const auto low = [](std::uint64_t value) { return static_cast<std::uint32_t>(value); };
    ByteBuilder out;
    out.raw(tee_tcb_svn).raw(mr_seam).raw(mr_signer_seam).raw(seam_attributes);
    out.le32(low(attributes)).le32(low(attributes >> 32)).le32(low(xfam)).le32(low(xfam >> 32));
    out.raw(mr_td).raw(mr_config_id).raw(mr_owner).raw(mr_owner_config);
    for (const Bytes& one : rtmr)
        out.raw(one);
    out.raw(report_data);
    if (td15) out.raw(tee_tcb_svn2).raw(mr_service_td);
    return out;
}

Bytes QeFields::bytes() const {
    return ByteBuilder()
        .raw(cpu_svn)
        .le32(misc_select)
        .raw(Bytes(28))
        .raw(attributes)
        .raw(mr_enclave)
        .raw(Bytes(32))
        .raw(mr_signer)
        .raw(Bytes(96))
        .le16(isv_prod_id)
        .le16(isv_svn)
        .raw(Bytes(60))
        .raw(report_data);
}

Bytes QuoteFields::signed_bytes() const {
    ByteBuilder out;
    out.le16(version).le16(key_type).le32(tee).raw(Bytes(4)).raw(vendor).raw(Bytes(20));
    const Bytes body = td.bytes(td15());
    if (version == 5) out.le16(body_type).le32(body_size != 0 ? body_size : static_cast<std::uint32_t>(body.size()));
    return out.raw(body);
}

Bytes QuoteFields::bytes() const {
    ByteBuilder certification;
    certification.raw(qe.bytes()).raw(qe_signature).le16(static_cast<std::uint16_t>(qe_auth_data.size()));
    certification.raw(qe_auth_data).le16(inner_type).le32(sum(pck_chain.size(), inner_more)).raw(as_bytes(pck_chain));
    const Bytes inner = certification;
    ByteBuilder data;
    data.raw(signature).raw(attestation_key).le16(outer_type).le32(sum(inner.size(), outer_more)).raw(inner);
    const Bytes outer = data;
    return ByteBuilder().raw(signed_bytes()).le32(sum(outer.size(), signature_data_more)).raw(outer).raw(padding);
}

}  // namespace ct::test
