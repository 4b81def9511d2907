// SPDX-License-Identifier: Apache-2.0
#include "attest/collect/tpm2/keys.h"

#include <tss2/tss2_mu.h>

#include <algorithm>
#include <iterator>

#include "base/limits.h"

namespace ct::attest::tss {
namespace {

// TPM2_PolicySecret(TPM_RH_ENDORSEMENT), as the profile prescribes it for both templates.
constexpr ByteArray<32> kEndorsementPolicy{0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc,
                                           0x8d, 0x46, 0xa5, 0xd7, 0x24, 0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52,
                                           0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa};
constexpr std::uint16_t kRsaBits = 2048;

TPM2B_PUBLIC ak_template(TpmKeyType type) {
    TPM2B_PUBLIC out{};
    TPMT_PUBLIC& area = out.publicArea;
    area.nameAlg = TPM2_ALG_SHA256;
    area.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
                            TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT;
    if (type == TpmKeyType::ecc) {
        area.type = TPM2_ALG_ECC;
        auto& ecc = area.parameters.eccDetail;
        ecc.symmetric.algorithm = TPM2_ALG_NULL;
        ecc.scheme.scheme = TPM2_ALG_ECDSA;
        ecc.scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
        ecc.curveID = TPM2_ECC_NIST_P256;
        ecc.kdf.scheme = TPM2_ALG_NULL;
    } else {
        area.type = TPM2_ALG_RSA;
        auto& rsa = area.parameters.rsaDetail;
        rsa.symmetric.algorithm = TPM2_ALG_NULL;
        rsa.scheme.scheme = TPM2_ALG_RSASSA;
        rsa.scheme.details.rsassa.hashAlg = TPM2_ALG_SHA256;
        rsa.keyBits = kRsaBits;
    }
    return out;
}

TPM2B_PUBLIC ek_template(TpmKeyType type) {
    TPM2B_PUBLIC out{};
    TPMT_PUBLIC& area = out.publicArea;
    area.nameAlg = TPM2_ALG_SHA256;
    area.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
                            TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
    area.authPolicy.size = kEndorsementPolicy.size();
    std::ranges::copy(kEndorsementPolicy, area.authPolicy.buffer);
    TPMT_SYM_DEF_OBJECT cipher{};
    cipher.algorithm = TPM2_ALG_AES;
    cipher.keyBits.aes = 128;
    cipher.mode.aes = TPM2_ALG_CFB;
    if (type == TpmKeyType::ecc) {
        area.type = TPM2_ALG_ECC;
        auto& ecc = area.parameters.eccDetail;
        ecc.symmetric = cipher;
        ecc.scheme.scheme = TPM2_ALG_NULL;
        ecc.curveID = TPM2_ECC_NIST_P256;
        ecc.kdf.scheme = TPM2_ALG_NULL;
        area.unique.ecc.x.size = 32;  // zeros: the profile fills `unique`, and the key depends on it
        area.unique.ecc.y.size = 32;
    } else {
        area.type = TPM2_ALG_RSA;
        auto& rsa = area.parameters.rsaDetail;
        rsa.symmetric = cipher;
        rsa.scheme.scheme = TPM2_ALG_NULL;
        rsa.keyBits = kRsaBits;
        area.unique.rsa.size = kRsaBits / 8;
    }
    return out;
}

Result<Bytes> marshal(const TPM2B_PUBLIC& key) {
    Bytes out(sizeof(TPMT_PUBLIC));
    std::size_t size = 0;
    if (const TSS2_RC code = Tss2_MU_TPMT_PUBLIC_Marshal(&key.publicArea, out.data(), out.size(), &size);
        code != TSS2_RC_SUCCESS) {
        return fail_tss(code, "encoding a public key");
    }
    out.resize(size);
    return out;
}

Result<Key> create_primary(Device& device, const TPM2B_PUBLIC& form) {
    const TPM2B_SENSITIVE_CREATE no_auth{};
    const TPM2B_DATA no_data{};
    const TPML_PCR_SELECTION no_pcrs{};
    ESYS_TR handle = ESYS_TR_NONE;
    TPM2B_PUBLIC* made_raw = nullptr;
    const TSS2_RC code =
        Esys_CreatePrimary(device.get(), ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &no_auth,
                           &form, &no_data, &no_pcrs, &handle, &made_raw, nullptr, nullptr, nullptr);
    const Owned<TPM2B_PUBLIC> made(made_raw);
    if (code != TSS2_RC_SUCCESS) return fail_tss(code, "making a key under the endorsement hierarchy");
    Key key{Handle(device, handle, false), {}};
    CT_TRY(key.public_area, marshal(*made));
    return key;
}

struct Found {
    Handle handle;
    Owned<TPM2B_PUBLIC> description;
};

Result<Found> read_persistent(Device& device, std::uint32_t persistent_handle) {
    ESYS_TR raw = ESYS_TR_NONE;
    TSS2_RC code =
        Esys_TR_FromTPMPublic(device.get(), persistent_handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &raw);
    if (code != TSS2_RC_SUCCESS) return fail_tss(code, "opening the key at a persistent handle");
    Found found{Handle(device, raw, true), nullptr};
    TPM2B_PUBLIC* description = nullptr;
    code = Esys_ReadPublic(device.get(), raw, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &description, nullptr, nullptr);
    found.description.reset(description);
    if (code != TSS2_RC_SUCCESS) return fail_tss(code, "reading the key at a persistent handle");
    return found;
}

// Equal but for `unique`, which the TPM fills in.
bool has_form(const TPM2B_PUBLIC& key, const TPM2B_PUBLIC& form) {
    TPM2B_PUBLIC one = key, other = form;
    one.publicArea.unique = {};
    other.publicArea.unique = {};
    const auto a = marshal(one), b = marshal(other);
    return a && b && *a == *b;
}

}  // namespace

Result<Key> open_ak(Device& device, std::uint32_t persistent_handle, TpmKeyType type) {
    if (persistent_handle == 0) return create_primary(device, ak_template(type));
    CT_TRY(auto found, read_persistent(device, persistent_handle));
    Key key{std::move(found.handle), {}};
    CT_TRY(key.public_area, marshal(*found.description));
    return key;
}

Result<Key> open_ak_of_template(Device& device, std::uint32_t nv_index) {
    CT_TRY(const Bytes bytes, device.read_nv(nv_index, limits::kTpmPublic));
    if (bytes.empty()) return fail(Reason::evidence_device_absent, "the TPM has no template of an attestation key");
    TPM2B_PUBLIC form{};
    std::size_t used = 0;
    if (const TSS2_RC code = Tss2_MU_TPMT_PUBLIC_Unmarshal(bytes.data(), bytes.size(), &used, &form.publicArea);
        code != TSS2_RC_SUCCESS)
        return fail_tss(code, "reading the template of the attestation key");
    return create_primary(device, form);
}

Result<Key> open_ek(Device& device, std::uint32_t persistent_handle, TpmKeyType type) {
    const TPM2B_PUBLIC form = ek_template(type);
    if (persistent_handle != 0) {
        // Nothing there, or something else: the template makes the same key as a good one there would be.
        auto found = read_persistent(device, persistent_handle);
        if (found && has_form(*found->description, form)) {
            Key key{std::move(found->handle), {}};
            CT_TRY(key.public_area, marshal(*found->description));
            return key;
        }
    }
    return create_primary(device, form);
}

}  // namespace ct::attest::tss
