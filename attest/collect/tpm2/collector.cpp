// SPDX-License-Identifier: Apache-2.0
#include <tss2/tss2_mu.h>

#include <algorithm>
#include <optional>

#include "attest/collect/tpm2/certificates.h"
#include "attest/collect/tpm2/device.h"
#include "attest/collect/tpm2/keys.h"
#include "attest/collect/tpm2/settings.h"
#include "attest/evidence/pcr.h"
#include "attest/evidence/tpm2_bundle.h"
#include "attest/evidence/tpm_algorithms.h"
#include "attest/evidence/tpm_attest.h"
#include "attest/evidence/tpm_public.h"
#include "attest/evidence/tpm_signature.h"
#include "base/limits.h"
#include "codec/hex.h"

namespace ct::attest {
namespace {

using tpm::kPcrs;
using tss::Device;
using tss::fail_tss;
using tss::Handle;
using tss::Owned;

// PCRs may be extended between reading and quoting them; this many races in a row are no accident.
constexpr int kPcrAttempts = 8;
constexpr std::size_t kQualifyingData = 32;  // of the binding; not every TPM takes 64

TPML_PCR_SELECTION selection_of(const tpm::PcrSelection& pcrs) {
    TPML_PCR_SELECTION out{};
    out.count = 1;
    out.pcrSelections[0].hash = pcrs.bank;
    out.pcrSelections[0].sizeofSelect = 3;
    for (unsigned i = 0; i < 3; ++i) {
        out.pcrSelections[0].pcrSelect[i] = static_cast<std::uint8_t>(pcrs.mask >> (8 * i));
    }
    return out;
}

std::uint32_t mask_of(const TPMS_PCR_SELECTION& selection) {
    std::uint32_t mask = 0;
    for (unsigned i = 0; i < std::min<unsigned>(selection.sizeofSelect, 3); ++i) {
        mask |= std::uint32_t{selection.pcrSelect[i]} << (8 * i);
    }
    return mask;
}

using PcrValues = std::array<Bytes, kPcrs>;

// TPM2_PCR_Read returns a few values at a time, and says which.
Result<PcrValues> read_pcrs(Device& device, const tpm::PcrSelection& wanted) {
    PcrValues out;
    std::uint32_t missing = wanted.mask;
    while (missing != 0) {
        const TPML_PCR_SELECTION asked = selection_of({wanted.bank, missing});
        TPML_PCR_SELECTION* got_raw = nullptr;
        TPML_DIGEST* values_raw = nullptr;
        const TSS2_RC code = Esys_PCR_Read(device.get(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &asked, nullptr,
                                           &got_raw, &values_raw);
        const Owned<TPML_PCR_SELECTION> got(got_raw);
        const Owned<TPML_DIGEST> values(values_raw);
        if (code != TSS2_RC_SUCCESS) return fail_tss(code, "reading PCRs");
        const std::uint32_t present = got->count == 1 ? mask_of(got->pcrSelections[0]) & missing : 0;
        std::uint32_t taken = 0;
        for (unsigned i = 0; i < kPcrs && taken < values->count; ++i) {
            if ((present >> i & 1) == 0) continue;
            const TPM2B_DIGEST& value = values->digests[taken++];
            out[i] = Bytes(value.buffer, value.buffer + value.size);
            missing &= ~(1U << i);
        }
        if (taken == 0) return fail(Reason::evidence_device_failed, "the TPM has no such PCR bank");
    }
    return out;
}

struct SignedQuote {
    Bytes attest, signature;
};

Result<SignedQuote> make_quote(Device& device, const Handle& ak, const tpm::PcrSelection& pcrs, ByteView qualifying) {
    TPM2B_DATA data{};
    data.size = static_cast<std::uint16_t>(qualifying.size());
    std::ranges::copy(qualifying, data.buffer);
    TPMT_SIG_SCHEME scheme{};
    scheme.scheme = TPM2_ALG_NULL;  // the key's own
    const TPML_PCR_SELECTION selection = selection_of(pcrs);
    TPM2B_ATTEST* attest_raw = nullptr;
    TPMT_SIGNATURE* signature_raw = nullptr;
    TSS2_RC code = Esys_Quote(device.get(), ak.get(), ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &data, &scheme,
                              &selection, &attest_raw, &signature_raw);
    const Owned<TPM2B_ATTEST> attest(attest_raw);
    const Owned<TPMT_SIGNATURE> signature(signature_raw);
    if (code != TSS2_RC_SUCCESS) return fail_tss(code, "quoting");
    SignedQuote out{Bytes(attest->attestationData, attest->attestationData + attest->size),
                    Bytes(sizeof(TPMT_SIGNATURE))};
    std::size_t size = 0;
    code = Tss2_MU_TPMT_SIGNATURE_Marshal(signature.get(), out.signature.data(), out.signature.size(), &size);
    if (code != TSS2_RC_SUCCESS) return fail_tss(code, "encoding the signature");
    out.signature.resize(size);
    return out;
}

std::array<ByteView, kPcrs> views_of(const PcrValues& values) {
    std::array<ByteView, kPcrs> views;
    std::ranges::copy(values, views.begin());
    return views;
}

// True if the values are those that the quote was made over.
Result<bool> matches(const SignedQuote& made, const tpm::PcrSelection& pcrs, const PcrValues& values) {
    CT_TRY(const auto quote, tpm::parse_quote(made.attest));
    CT_TRY(const auto signature, tpm::parse_signature(made.signature));
    const auto hash = tpm::hash_of(signature.hash);
    if (!hash) return fail(Reason::evidence_device_failed, "the TPM signs over a hash that is not known here");
    return std::ranges::equal(tpm::composite_digest(*hash, pcrs.mask, views_of(values)), quote.pcr_digest);
}

// The secret of a credential that was made for `ak` and `ek`.
Result<Bytes> activate(Device& device, const Handle& ak, const Handle& ek, const tpm::Credential& credential) {
    TPM2B_ID_OBJECT id{};
    TPM2B_ENCRYPTED_SECRET secret{};
    if (credential.id_object.size() > sizeof(id.credential) ||
        credential.encrypted_secret.size() > sizeof(secret.secret)) {
        return fail(Reason::invalid_argument, "the credential is larger than any TPM's");
    }
    id.size = static_cast<std::uint16_t>(credential.id_object.size());
    std::ranges::copy(credential.id_object, id.credential);
    secret.size = static_cast<std::uint16_t>(credential.encrypted_secret.size());
    std::ranges::copy(credential.encrypted_secret, secret.secret);

    // The endorsement key asks for PolicySecret(endorsement hierarchy), whose authorization is empty unless an admin set one.
    TPMT_SYM_DEF no_cipher{};
    no_cipher.algorithm = TPM2_ALG_NULL;
    ESYS_TR raw = ESYS_TR_NONE;
    TSS2_RC code = Esys_StartAuthSession(device.get(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                         ESYS_TR_NONE, nullptr, TPM2_SE_POLICY, &no_cipher, TPM2_ALG_SHA256, &raw);
    if (code != TSS2_RC_SUCCESS) return fail_tss(code, "starting a policy session");
    const Handle session(device, raw, false);  // ESAPI keeps sessions after use: flushed on every way out
    code = Esys_PolicySecret(device.get(), ESYS_TR_RH_ENDORSEMENT, raw, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                             nullptr, nullptr, nullptr, 0, nullptr, nullptr);
    if (code != TSS2_RC_SUCCESS) return fail_tss(code, "authorizing the endorsement key");
    TPM2B_DIGEST* info_raw = nullptr;
    code = Esys_ActivateCredential(device.get(), ak.get(), ek.get(), ESYS_TR_PASSWORD, raw, ESYS_TR_NONE, &id, &secret,
                                   &info_raw);
    const Owned<TPM2B_DIGEST> info(info_raw);
    if (code != TSS2_RC_SUCCESS) return fail_tss(code, "activating the gate's credential");
    return Bytes(info->buffer, info->buffer + info->size);
}

std::vector<ByteView> views_of(const std::vector<Bytes>& all) { return {all.begin(), all.end()}; }

// What is kept open between calls, so that the next quote costs one round trip to the TPM and not a key as well.
struct Open {
    std::unique_ptr<Device> device;  // outlives the handles below
    tss::Key ak;
    std::optional<tss::Key> ek;
    Bytes introduction;
};

Result<Open> open_tpm(const Tpm2Settings& settings) {
    Open open;
    CT_TRY(open.device, Device::open(settings.tcti));
    if (settings.ak_template_nv != 0) {
        CT_TRY(open.ak, tss::open_ak_of_template(*open.device, settings.ak_template_nv));
    } else {
        CT_TRY(open.ak, tss::open_ak(*open.device, settings.ak_handle, settings.ak_type));
    }
    if (settings.offer_ek) {
        CT_TRY(open.ek, tss::open_ek(*open.device, settings.ek_handle, settings.ek_type));
    }
    CT_TRY(const auto ak_chain, tss::ak_certificates(*open.device, settings));
    CT_TRY(const auto ek_chain, tss::ek_certificates(*open.device, settings));
    open.introduction =
        tpm::encode(tpm::Introduction{.ak_public = open.ak.public_area,
                                      .ek_public = open.ek ? ByteView(open.ek->public_area) : ByteView{},
                                      .ak_certificates = views_of(ak_chain),
                                      .ek_certificates = views_of(ek_chain)});
    return open;
}

class Tpm2Collector final : public Collector {
public:
    explicit Tpm2Collector(Tpm2Settings settings) : settings_(std::move(settings)) {}

    [[nodiscard]] std::string_view kind() const override { return tpm::kKind; }

    Result<Bytes> introduction() override {
        return with_tpm<Bytes>([](Open& open) -> Result<Bytes> { return open.introduction; });
    }

    Result<Bytes> collect(ByteView request_bytes, const Sha512& binding) override {
        auto request = tpm::decode_request(request_bytes);
        if (!request) return fail(Reason::invalid_argument, "the gate's request: " + request.error().context);
        return with_tpm<Bytes>([&](Open& open) { return collect_from(open, *request, binding); });
    }

    Result<std::map<std::string, std::string>> fingerprints() override {
        using Map = std::map<std::string, std::string>;
        return with_tpm<Map>([](Open& open) -> Result<Map> {
            Map out{{"ak", "sha256:" + hex_encode(crypto::sha256(open.ak.public_area))}};
            if (open.ek) out.emplace("ek", "sha256:" + hex_encode(crypto::sha256(open.ek->public_area)));
            return out;
        });
    }

    void release() override { open_.reset(); }

private:
    // The TPM may have gone since the last call (its resource manager or simulator restarted, the machine resumed): a
    // failure on a connection that was kept is tried once more on a fresh one.
    template <class T, class F>
    Result<T> with_tpm(F use) {
        if (open_) {
            if (auto result = use(*open_)) return result;
            open_.reset();
        }
        CT_TRY(open_, open_tpm(settings_));
        auto result = use(*open_);
        if (!result) open_.reset();
        return result;
    }

    Result<Bytes> collect_from(Open& open, const tpm::Request& request, const Sha512& binding) const {
        Bytes secret;
        if (request.credential) {
            if (!open.ek)
                return fail(Reason::invalid_argument, "the gate asks for an endorsement key that is not offered");
            CT_TRY(secret, activate(*open.device, open.ak.handle, open.ek->handle, *request.credential));
        }
        Bytes log;
        if (request.event_log) {
            // Without one the gate says what that means; a log that is too large or unreadable counts as none.
            if (const auto text = read_file(settings_.event_log, limits::kEventLog)) log = to_vector(as_bytes(*text));
        }
        for (int attempt = 0; attempt < kPcrAttempts; ++attempt) {
            CT_TRY(const PcrValues values, read_pcrs(*open.device, request.pcrs));
            CT_TRY(const SignedQuote made,
                   make_quote(*open.device, open.ak.handle, request.pcrs, ByteView(binding).first(kQualifyingData)));
            CT_TRY(const bool same, matches(made, request.pcrs, values));
            if (!same) continue;
            return tpm::encode(tpm::Evidence{.attest = made.attest,
                                             .signature = made.signature,
                                             .pcr_mask = request.pcrs.mask,
                                             .pcr_values = views_of(values),
                                             .event_log = log,
                                             .secret = secret});
        }
        return fail(Reason::evidence_device_failed, "PCRs change faster than they can be quoted");
    }

    Tpm2Settings settings_;
    std::optional<Open> open_;
};

}  // namespace

std::unique_ptr<Collector> make_tpm2_collector(Tpm2Settings settings) {
    return std::make_unique<Tpm2Collector>(std::move(settings));
}

}  // namespace ct::attest
