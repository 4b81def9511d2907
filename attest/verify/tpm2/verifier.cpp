// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/tpm2/verifier.h"

#include "attest/evidence/tpm2_bundle.h"
#include "attest/evidence/tpm_algorithms.h"
#include "attest/verify/tpm2/credential.h"
#include "attest/verify/tpm2/quote_verdict.h"
#include "attest/verify/tpm2/trust.h"
#include "codec/cbor.h"
#include "codec/hex.h"

namespace ct::attest::tpm {
namespace {

constexpr std::size_t kSecretSize = 32;
constexpr std::string_view kSecretLabel = "cloudtaser/tpm2/credential/secret";
constexpr std::string_view kAkSort = "ak:";
constexpr std::string_view kEkSort = "ek:";
constexpr std::string_view kSeedLabel = "cloudtaser/tpm2/credential/seed";

// NOLINTNEXTLINE(cppcoreguidelines-pro-type-static-cast-downcast): made by our own parse_policy()
const Tpm2Policy& own(const KindPolicy& policy) { return static_cast<const Tpm2Policy&>(policy); }

// What the gate keeps until the proof comes. Digests only: the record of a verdict holds nothing that could be replayed.
struct Kept {
    Sha256 introduction{};         // of the bytes that the request was made for
    std::optional<Sha256> secret;  // of the credential's secret
};

Bytes encode_kept(const Kept& kept) {
    cbor::Writer out;
    out.map(kept.secret ? 2 : 1);
    out.uint(0).bytes(kept.introduction);
    if (kept.secret) out.uint(1).bytes(*kept.secret);
    return out.take();
}

Result<Kept> decode_kept(ByteView bytes) {
    cbor::Reader in(bytes);
    Kept kept;
    CT_TRY(const std::size_t fields, in.map(2));
    CT_CHECK(in.key(0));
    CT_TRY(kept.introduction, in.byte_array<32>());
    if (fields == 2) {
        CT_CHECK(in.key(1));
        CT_TRY(kept.secret, in.byte_array<32>());
    }
    CT_CHECK(in.leave());
    CT_CHECK(in.finish());
    return kept;
}

// The node's keys, parsed.
struct Keys {
    Introduction introduction;
    Public ak;
    std::optional<Public> ek;
};

Result<Keys> parse_keys(ByteView bytes) {
    Keys keys;
    CT_TRY(keys.introduction, decode_introduction(bytes));
    CT_TRY(keys.ak, parse_public(keys.introduction.ak_public));
    if (!keys.introduction.ek_public.empty()) {
        CT_TRY(keys.ek, parse_public(keys.introduction.ek_public));
    }
    return keys;
}

// The enrolled keys of one sort, "ak:" or "ek:", if the policy goes by them.
std::vector<Sha256> enrolled_keys(const Tpm2Policy& policy, EnrolledKeys enrolled, std::string_view sort) {
    std::vector<Sha256> keys;
    if (!policy.enrolled) return keys;
    for (const std::string_view word : enrolled) {
        if (!word.starts_with(sort)) continue;
        if (const auto key = parse_fingerprint(word.substr(sort.size()))) keys.push_back(*key);
    }
    return keys;
}

// What a verdict on trust rests on.
struct Grounds {
    const Tpm2Policy& policy;
    EnrolledKeys enrolled;
    WallTime at;
};

Result<Trust> trust_ak(const Keys& keys, const Grounds& grounds) {
    const Anchors anchors{.keys = grounds.policy.ak,
                          .roots = grounds.policy.ak_roots,
                          .enrolled = enrolled_keys(grounds.policy, grounds.enrolled, kAkSort)};
    return trust_key(keys.ak, keys.introduction.ak_certificates, anchors, grounds.at);
}

// Whether a credential to the endorsement key may vouch for the attestation key.
Result<Trust> trust_ek(const Keys& keys, const Grounds& grounds) {
    const Anchors anchors{.keys = grounds.policy.ek,
                          .roots = grounds.policy.ek_roots,
                          .enrolled = enrolled_keys(grounds.policy, grounds.enrolled, kEkSort),
                          .purpose = kEkCertificate};
    if (anchors.keys.empty() && anchors.roots.empty() && anchors.enrolled.empty()) {
        return fail(Reason::evidence_key_untrusted, "the policy trusts no endorsement key");
    }
    if (!keys.ek) return fail(Reason::evidence_key_untrusted, "the node offers no endorsement key");
    if (!is_endorsement_key(*keys.ek)) {
        return fail(Reason::evidence_key_attributes, "the endorsement key is not one: its attributes differ");
    }
    return trust_key(*keys.ek, keys.introduction.ek_certificates, anchors, grounds.at);
}

// Of two ways that both failed, the one that says more: a broken chain rather than "not listed".
const Error& more_telling(const Error& ak, const Error& ek) {
    return ak.reason != Reason::evidence_key_untrusted || ek.reason == Reason::evidence_key_untrusted ? ak : ek;
}

// The verdict in the making: claims, findings and the end of what it rests on.
struct Appraisal {
    const Subject& subject;
    const Tpm2Policy& policy;
    Verdict verdict;

    [[nodiscard]] Grounds grounds() const { return {policy, subject.enrolled, subject.at}; }
    void find(const Error& error) { verdict.findings.push_back({error.reason, error.context}); }
    void claim(const std::string& name, std::string value) { verdict.claims.emplace(name, std::move(value)); }

    void rest_on(std::string_view key, const Trust& trust) {
        claim(std::string(key) + "_trust", std::string(trust.how));
        verdict.expires = std::min(verdict.expires, trust.expires);
    }

    void judge_ak(const Keys& keys, const Evidence* evidence);
    void judge_credential(const Keys& keys, const Kept& kept, const Evidence* evidence);
};

void Appraisal::judge_ak(const Keys& keys, const Evidence* evidence) {
    judge_key(keys.ak, policy, subject.memo, verdict);
    if (keys.ek) name_key("ek", *keys.ek, policy, subject.memo, verdict);
    const auto kept = decode_kept(subject.kept);
    if (!kept) {
        verdict.findings.push_back({Reason::evidence_malformed, "kept: " + kept.error().context});
        return;
    }
    if (kept->introduction != crypto::sha256(subject.introduction)) {
        verdict.findings.push_back({Reason::evidence_key_untrusted, "the request was made for another introduction"});
        return;
    }
    const auto direct = trust_ak(keys, grounds());
    if (direct) {
        rest_on("ak", *direct);
    } else if (kept->secret) {
        judge_credential(keys, *kept, evidence);
    } else {
        find(direct.error());
    }
}

void Appraisal::judge_credential(const Keys& keys, const Kept& kept, const Evidence* evidence) {
    const auto trust = trust_ek(keys, grounds());
    if (!trust) find(trust.error());
    const ByteView secret = evidence == nullptr ? ByteView{} : evidence->secret;
    const bool activated = crypto::equal_constant_time(crypto::sha256(secret), *kept.secret);
    if (!activated) {
        verdict.findings.push_back({Reason::evidence_key_untrusted,
                                    "the attestation key is not shown to be in the TPM of the endorsement key"});
    }
    if (trust && activated) {
        claim("ak_trust", "credential");
        rest_on("ek", *trust);
    }
}

}  // namespace

std::string_view Tpm2Verifier::kind() const { return kKind; }

Bytes kept_without_credential(ByteView introduction) {
    return encode_kept({.introduction = crypto::sha256(introduction), .secret = {}});
}

Result<std::shared_ptr<const KindPolicy>> Tpm2Verifier::parse_policy(const config::Node& table,
                                                                     const Attachments& attachments) const {
    CT_TRY(auto policy, parse_tpm2_policy(table, attachments));
    return policy;
}

Status Tpm2Verifier::check_key(std::string_view word) const {
    for (const auto sort : {kAkSort, kEkSort}) {
        if (!word.starts_with(sort)) continue;
        CT_TRY(const Sha256 key, parse_fingerprint(word.substr(sort.size())));
        (void)key;
        return {};
    }
    return fail(Reason::malformed,
                "write \"ak:sha256:...\" or \"ek:sha256:...\", as `cloudtaserctl status` shows them");
}

Result<EvidenceRequest> Tpm2Verifier::request(ByteView introduction, const KindPolicy& policy,
                                              const ByteArray<32>& entropy, WallTime at, EnrolledKeys enrolled) const {
    const Tpm2Policy& rules = own(policy);
    const Grounds grounds{rules, enrolled, at};
    CT_TRY(const auto keys, parse_keys(introduction));
    CT_CHECK(check_key_attributes(keys.ak));
    Request request{.pcrs = rules.selection, .event_log = rules.require_event_log, .credential = {}};
    Kept kept{.introduction = crypto::sha256(introduction), .secret = {}};
    const auto direct = trust_ak(keys, grounds);
    if (direct) return EvidenceRequest{encode(request), encode_kept(kept)};

    const auto ek = trust_ek(keys, grounds);
    if (!ek) return std::unexpected(more_telling(direct.error(), ek.error()));
    const auto hash = hash_of(keys.ek->name_hash);
    if (!hash) return fail(Reason::evidence_algorithm_weak, "name algorithm of the endorsement key");
    const Bytes secret = kdf_a(crypto::Hash::sha256, entropy, kSecretLabel, {}, {}, kSecretSize * 8);
    const Bytes seed = kdf_a(crypto::Hash::sha256, entropy, kSeedLabel, {}, {}, crypto::digest_size(*hash) * 8);
    CT_TRY(const Bytes ak_name, name_of(keys.ak));
    CT_TRY(const auto made, make_credential(*keys.ek, ak_name, secret, seed));
    request.credential = Credential{made.id_object, made.encrypted_secret};
    kept.secret = crypto::sha256(secret);
    return EvidenceRequest{encode(request), encode_kept(kept)};
}

Verdict Tpm2Verifier::verify(const Subject& subject, const KindPolicy& policy) const {
    Appraisal appraisal{subject, own(policy), {}};
    appraisal.verdict.expires = WallTime::max();
    const auto keys = parse_keys(subject.introduction);
    if (!keys) appraisal.find(keys.error());
    const auto evidence = decode_evidence(subject.evidence);
    if (!evidence) appraisal.find(evidence.error());
    if (keys) appraisal.judge_ak(*keys, evidence ? &*evidence : nullptr);
    if (evidence)
        judge_quote(keys ? &keys->ak : nullptr, *evidence, subject.for_release ? &subject.binding : nullptr,
                    appraisal.policy, appraisal.verdict);
    if (!appraisal.verdict.affirming()) appraisal.verdict.expires = subject.at;
    return std::move(appraisal.verdict);
}

}  // namespace ct::attest::tpm
