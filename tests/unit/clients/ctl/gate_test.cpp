// SPDX-License-Identifier: Apache-2.0
// Replays with a real policy and the verifiers of this build: a case that they refuse is judged by the same function as
// one that they grant.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "attest/judge/ear.h"
#include "attest/judge/record.h"
#include "base/fd.h"
#include "clients/ctl/commands.h"
#include "codec/hex.h"
#include "crypto/digest.h"
#include "crypto/ed25519.h"
#include "support/judge_case.h"
#include "support/process.h"
#include "support/snp_case.h"
#include "told.h"

namespace ct::ctl {
namespace {

std::string policy_text(unsigned epoch = 7, std::string_view uids = "[1001]") {
    return "epoch = " + std::to_string(epoch) +
           "\n[workload.payments]\nevidence = [\"tpm2\"]\ntoken_role = \"wl-payments\"\ntoken_ttl = \"15m\"\n"
           "lifetime = \"1h\"\ntiers = [\"A\", \"B\"]\nuids = " +
           std::string(uids) +
           "\n[workload.payments.tpm2]\n"
           "ak = [\"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"]\n"
           "pcrs = { \"7\" = \"b5710bf57d25623e4019027da116821fa99f5c81e9e38b87671cc574f9281439\" }\n";
}

// A node whose offer leads nowhere: it has paper where the policy wants a TPM.
judge::Record record() {
    judge::Record out;
    out.facts = ct::test::paper_case();
    out.id = judge::record_id(out.facts);
    out.policy = {{"payments.toml", policy_text(), "payments.toml"}};
    const auto policy = judge::Policy::parse(out.policy).value();
    out.decision = encode(judge::appraise(policy, out.facts));
    out.outcome = {false, Reason::evidence_kind_not_allowed, ""};
    return out;
}

class Gate : public testing::Test {
protected:
    std::string stored(const judge::Record& record, const std::string& name = "record.cbor") {
        return folder_.write(name, as_text(encode(record)));
    }
    test::Told replay(ReplayOptions options, Output::Mode mode = Output::Mode::plain) {
        options.records = folder_.path();
        return test::told([&](Output& out) { return verdict_replay(options, out); }, mode);
    }
    ct::test::TempDir folder_;
};

TEST_F(Gate, ARecordThatHoldsItsVerdictReplaysToTheSameBytes) {
    const auto original = record();
    const auto told = replay({.record = stored(original)});
    EXPECT_EQ(told.code, 0) << told.text;
    const std::string digest = hex_encode(crypto::sha256(original.decision));
    EXPECT_NE(told.text.find("Replay          equal: the same bytes, sha256 " + digest), std::string::npos)
        << told.text;
    EXPECT_NE(told.text.find("Verdict         refused: "), std::string::npos);
    EXPECT_NE(told.text.find("Workload        payments\n"), std::string::npos);
    EXPECT_NE(told.text.find("Node            node-1\n"), std::string::npos);
    EXPECT_NE(told.text.find("Outcome         not released: evidence_kind_not_allowed\n"), std::string::npos);
}

TEST_F(Gate, TheSameIsToldToAProgram) {
    const auto told = replay({.record = stored(record())}, Output::Mode::json);
    EXPECT_EQ(told.code, 0);
    const auto document = test::parsed(told.text);
    const auto root = document.root();
    EXPECT_EQ(root.find("equal")->boolean(), true);
    EXPECT_EQ(root.find("record_sha256")->text(), hex_encode(crypto::sha256(encode(record()))));
    EXPECT_EQ(root.find("recorded_sha256")->text(), root.find("recomputed_sha256")->text());
    EXPECT_EQ(root.find("decision")->find("granted")->boolean(), false);
    EXPECT_EQ(root.find("decision")->find("workload")->text(), "payments");
    EXPECT_GE(root.find("decision")->find("findings")->size(), 1U);
    EXPECT_FALSE(root.find("recorded_decision"));
}

TEST_F(Gate, RawIsTheDecisionAndNothingElse) {
    const auto original = record();
    const std::string path = stored(original);
    testing::internal::CaptureStdout();
    const auto told = replay({.record = path, .raw = true});
    EXPECT_EQ(testing::internal::GetCapturedStdout(), as_text(original.decision));
    EXPECT_EQ(told.code, 0);
    EXPECT_EQ(told.text, "");
}

TEST_F(Gate, AForgedVerdictIsFound) {
    auto forged = record();
    auto verdict = judge::decode_decision(forged.decision).value();
    verdict.findings.clear();
    verdict.mint = {"wl-payments", Seconds{900}, Seconds{60}};
    forged.decision = encode(verdict);
    forged.outcome = {true, Reason::internal, "accessor"};
    const auto told = replay({.record = stored(forged)});
    EXPECT_EQ(told.code, 1);
    EXPECT_NE(told.text.find("Replay          DIFFERENT"), std::string::npos) << told.text;
    EXPECT_NE(told.text.find("As recorded:\nVerdict         granted"), std::string::npos) << told.text;
    const auto json = replay({.record = stored(forged)}, Output::Mode::json);
    EXPECT_EQ(json.code, 1);
    EXPECT_EQ(test::parsed(json.text).root().find("recorded_decision")->find("granted")->boolean(), true);
}

TEST_F(Gate, AChangedFactOrPolicyIsFound) {
    auto changed = record();
    changed.facts.hello->identity.uid = 1002;
    EXPECT_EQ(replay({.record = stored(changed)}).code, 1);
    changed = record();
    changed.policy[0].text = policy_text(8);
    EXPECT_EQ(replay({.record = stored(changed)}).code, 1);
}

TEST_F(Gate, ARecordIsFoundByItsIdWhereTheGateKeepsIt) {
    const auto original = record();
    for (const char* kind : {"released", "refused"}) {
        ct::test::TempDir other;
        std::swap(folder_, other);
        ASSERT_EQ(::mkdir(folder_.file(kind).c_str(), 0700), 0);
        stored(original, std::string(kind) + "/" + original.id + ".cbor");
        EXPECT_EQ(replay({.record = original.id}).code, 0) << kind;
    }
}

TEST_F(Gate, AnIdIsNeverAFileThatLiesHereByChance) {
    const auto original = record();
    ASSERT_EQ(::mkdir(folder_.file("refused").c_str(), 0700), 0);
    stored(original, "refused/" + original.id + ".cbor");
    const ct::test::TempDir here;
    here.write(original.id, "not what was asked for");
    const auto told = ct::test::run({.argv = {CT_BINARY_DIR "/bin/cloudtaserctl", "gate", "verdict", "replay",
                                              original.id, "--records", folder_.path()},
                                     .directory = here.path()});
    EXPECT_EQ(told.code, 0) << told.output;
}

TEST_F(Gate, ARecordUnderAnothersIdIsFound) {
    auto original = record();
    auto later = original;
    later.facts.at += Seconds{1};
    const auto other = judge::record_id(later.facts);
    for (const auto& name : {other, other + ".cbor"}) {
        const auto told = replay({.record = stored(original, name)});
        EXPECT_EQ(told.code, 1) << name;
        EXPECT_NE(told.text.find("looked for as " + other + " and calls itself " + original.id), std::string::npos)
            << told.text;
    }
    ASSERT_EQ(::mkdir(folder_.file("refused").c_str(), 0700), 0);
    stored(original, "refused/" + other + ".cbor");
    EXPECT_EQ(replay({.record = other}).code, 1);

    const auto own = original.id;
    original.id = other;
    const auto told = replay({.record = stored(original)});
    EXPECT_EQ(told.code, 1);
    EXPECT_NE(told.text.find("its time and seed make it " + own + ", it calls itself " + other), std::string::npos)
        << told.text;
}

TEST_F(Gate, AReleaseOfARefusedVerdictIsFound) {
    auto forged = record();
    forged.outcome = {true, Reason::internal, "accessor"};
    const auto told = replay({.record = stored(forged)});
    EXPECT_EQ(told.code, 1);
    EXPECT_NE(told.text.find("its outcome is a release, the verdict that it holds a refusal"), std::string::npos)
        << told.text;
    const auto json = replay({.record = stored(forged)}, Output::Mode::json);
    EXPECT_EQ(test::parsed(json.text).root().find("contradictions")->size(), 1U);
    const ct::test::SnpCase good;
    auto refused_by_openbao = good.record();
    refused_by_openbao.outcome = {false, Reason::vault_sealed, ""};
    EXPECT_EQ(replay({.record = stored(refused_by_openbao)}).code, 0) << "the other way round is no contradiction";
}

TEST_F(Gate, OnlyTheRecordOfTheJournalIsLookedAt) {
    const auto path = stored(record());
    const auto hash = hex_encode(crypto::sha256(encode(record())));
    EXPECT_EQ(replay({.record = path, .sha256 = hash}).code, 0);
    const auto other = replay({.record = path, .sha256 = std::string(64, '0')});
    EXPECT_EQ(other.code, -1);
    EXPECT_NE(other.text.find("its sha256 is " + hash), std::string::npos) << other.text;
}

TEST_F(Gate, WhatIsNoRecordIsSaidToBeNone) {
    EXPECT_NE(replay({.record = folder_.write("x", "not a record")}).text.find("not an audit record"),
              std::string::npos);
    EXPECT_NE(replay({.record = folder_.file("missing")}).text.find("No such file or directory"), std::string::npos);
    auto cut = encode(record());
    cut.pop_back();
    EXPECT_EQ(replay({.record = folder_.write("cut", as_text(cut))}).code, -1);
}

TEST_F(Gate, AnotherPolicyCanBeAskedWhatItWouldHaveSaid) {
    const std::string path = stored(record());
    const std::string other = folder_.write("other.toml", policy_text(9, "[5]"));
    const auto told = replay({.record = path, .policy = other});
    EXPECT_EQ(told.code, 1) << "refused";
    EXPECT_NE(told.text.find("(not the policy of the record)"), std::string::npos);
    EXPECT_NE(told.text.find("epoch 9"), std::string::npos);
    EXPECT_EQ(told.text.find("Replay"), std::string::npos);
}

TEST_F(Gate, AnotherPolicyIsAskedWithTheCollateralOfTheRecord) {
    const ct::test::SnpCase good;
    auto original = good.record();
    const std::string policy = folder_.file("policy");
    ASSERT_EQ(::mkdir(policy.c_str(), 0700), 0);
    for (const auto& file : original.policy)
        folder_.write("policy/" + file.name, file.text);
    EXPECT_EQ(replay({.record = stored(original), .policy = policy}).code, 0)
        << replay({.record = stored(original), .policy = policy}).text;
    original.makers->items["deny"] = to_vector(as_bytes("node=sha256:" + hex_encode(original.facts.node_spki) + "\n"));
    const auto denied = replay({.record = stored(original), .policy = policy});
    EXPECT_EQ(denied.code, 1) << denied.text;
    EXPECT_NE(denied.text.find("the deny list says"), std::string::npos) << denied.text;
}

// The verdict rests on a revocation list that was in the gate's bundle: whoever has the record needs no bundle.
TEST_F(Gate, ARecordWithCollateralReplaysOnAnotherMachine) {
    const ct::test::SnpCase good;
    const auto original = good.record();
    ASSERT_TRUE(judge::decode_decision(original.decision)->granted());
    const std::string path = stored(original);
    EXPECT_EQ(replay({.record = path}).code, 0) << replay({.record = path}).text;
    for (const auto& [zone, language] : {std::pair("UTC", "C"), std::pair("Asia/Tokyo", "tr_TR.UTF-8")}) {
        const auto elsewhere =
            ct::test::run({.argv = {CT_BINARY_DIR "/bin/cloudtaserctl", "gate", "verdict", "replay", path, "--raw"},
                           .environment = {{"TZ", zone}, {"LC_ALL", language}},
                           .directory = "/"});
        EXPECT_EQ(elsewhere.code, 0) << elsewhere.output;
        EXPECT_EQ(elsewhere.output, as_text(original.decision)) << zone;
    }
    auto without = original;
    without.makers.reset();
    EXPECT_EQ(replay({.record = stored(without)}).code, 1);
}

TEST_F(Gate, AVerdictIsSignedAsAnAttestationResult) {
    const ct::test::SnpCase good;
    const auto original = good.record();
    const auto key = crypto::Ed25519Key::generate().value();
    const std::string pem = folder_.write("ear.key", key.pem()->text());
    const auto ear = [&](const judge::Record& record, Output::Mode mode = Output::Mode::plain,
                         const std::string& sha256 = {}) {
        const EarOptions options{stored(record), folder_.path(), pem, sha256};
        return test::told([&](Output& out) { return verdict_ear(options, out); }, mode);
    };
    const auto told = ear(original);
    EXPECT_EQ(told.code, 0) << told.text;
    const auto claims =
        judge::open_ear(std::string_view(told.text).substr(0, told.text.size() - 1), key.public_key().value());
    ASSERT_TRUE(claims) << claims.error().to_string() << told.text;
    const auto binding = judge::case_binding(original.facts);
    const std::string hash = hex_encode(crypto::sha256(encode(original)));
    EXPECT_EQ(*claims,
              judge::ear_claims(
                  judge::decode_decision(original.decision).value(),
                  {.record = original.id, .record_sha256 = hash, .nonce = Bytes(binding.begin(), binding.end())}));
    EXPECT_NE(claims->find("\"cloudtaser.record-hash\":\"sha256:" + hash + "\""), std::string::npos) << *claims;
    EXPECT_NE(claims->find("\"eat_nonce\":"), std::string::npos);
    const auto json = ear(original, Output::Mode::json);
    EXPECT_EQ(std::string(test::parsed(json.text).root().find("ear")->text()) + "\n", told.text);

    EXPECT_EQ(ear(record()).code, 0) << "a refusal has its result as well";
    auto forged = original;
    forged.facts.node.reset();
    EXPECT_EQ(ear(forged).code, -1);
    EXPECT_NE(ear(forged).text.find("does not hold the verdict"), std::string::npos);
    EXPECT_EQ(ear(original, Output::Mode::plain, hash).code, 0);
    EXPECT_EQ(ear(original, Output::Mode::plain, std::string(64, '0')).code, -1) << "sound, and of another gate";
    auto renamed = original;
    renamed.id.front() = '1';
    EXPECT_NE(ear(renamed).text.find("contradicts itself"), std::string::npos) << ear(renamed).text;
    folder_.write("ear.key", "no key");
    EXPECT_EQ(ear(original).code, -1);
}

TEST_F(Gate, APolicyIsCheckedAsTheGateWould) {
    const std::string path = folder_.write("payments.toml", policy_text());
    const auto told = test::told([&](Output& out) { return policy_check({{path}}, out); });
    EXPECT_EQ(told.code, 0) << told.text;
    EXPECT_NE(told.text.find("Policy          in order: epoch 7\n"), std::string::npos);
    EXPECT_NE(told.text.find("payments  tpm2      wl-payments  15min  1h        AB     not required  1 uid\n"),
              std::string::npos)
        << told.text;
    const auto json =
        test::told([&](Output& out) { return policy_check({{folder_.path()}}, out); }, Output::Mode::json);
    const auto document = test::parsed(json.text);
    EXPECT_EQ(document.root().find("epoch")->uint(), 7U);
    EXPECT_EQ(document.root().find("workloads")->first()->find("token_role")->text(), "wl-payments");
    const auto policy = judge::Policy::parse({{"payments.toml", policy_text(), path}}).value();
    EXPECT_EQ(document.root().find("sha256")->text(), hex_encode(policy.hash()));
}

TEST_F(Gate, AWrongPolicyIsRefusedWithFileAndLine) {
    const std::string path = folder_.write("bad.toml", policy_text() + "colour = \"red\"\n");
    const auto told = test::told([&](Output& out) { return policy_check({{path}}, out); });
    EXPECT_EQ(told.code, -1);
    EXPECT_NE(told.text.find("config_invalid"), std::string::npos) << told.text;
    EXPECT_NE(told.text.find(path + ":"), std::string::npos) << told.text;
    EXPECT_NE(test::told([&](Output& out) {
                  return policy_check({{folder_.file("none")}}, out);
              }).text.find("config_missing"),
              std::string::npos);
}

}  // namespace
}  // namespace ct::ctl
