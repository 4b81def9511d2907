// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/tpm2/policy.h"

#include "tpm2_rig.h"

namespace ct::attest::tpm {
namespace {

const std::string kValue(64, 'a');
const std::string kPcrLine = "pcrs = { '7' = '" + kValue + "' }\n";
const std::string kAkLine = "ak = ['sha256:" + kValue + "']\n";

const Tpm2Policy& fields(const std::shared_ptr<const KindPolicy>& rules) {
    return dynamic_cast<const Tpm2Policy&>(*rules);
}

TEST(Tpm2Policy, HasItsDefaults) {
    const auto rules = policy(kPcrLine + kAkLine);
    ASSERT_TRUE(rules);
    EXPECT_EQ(fields(rules).bank, crypto::Hash::sha256);
    EXPECT_EQ(fields(rules).selection.mask, 1U << 7);
    EXPECT_FALSE(fields(rules).require_event_log);
    EXPECT_FALSE(fields(rules).allow_unsafe_clock);
    EXPECT_FALSE(fields(rules).counters);
}

TEST(Tpm2Policy, ReadsEveryKey) {
    const auto root = test::Issuer::root("maker", now(), now() + kDay);
    const auto rules =
        policy("bank = 'sha384'\npcrs = { '0' = ['" + std::string(96, 'A') + "', '" + std::string(96, 'b') +
                   "'], '23' = '" + std::string(96, 'c') + "' }\n" + kAkLine + "ek = ['sha256:" + kValue +
                   "']\nak_roots = 'maker.pem'\nek_roots = '''" + root.pem() +
                   "'''\nrequire_event_log = true\nevent_log_pcrs = [0]\nreset_counters = [4, 0]\n"
                   "allow_unsafe_clock = true\n",
               {{"maker.pem", root.pem()}});
    ASSERT_TRUE(rules);
    const Tpm2Policy& read = fields(rules);
    EXPECT_EQ(read.bank, crypto::Hash::sha384);
    EXPECT_EQ(read.selection.bank, alg::kSha384);
    EXPECT_EQ(read.selection.mask, 1U << 23 | 1U << 0);
    EXPECT_EQ(read.pcrs.at(0).size(), 2u);
    EXPECT_EQ(read.pcrs.at(0)[0], Bytes(48, 0xaa));
    EXPECT_EQ(read.ak.size(), 1u);
    EXPECT_EQ(read.ek.size(), 1u);
    EXPECT_EQ(read.ak_roots.size(), 1u);
    EXPECT_EQ(read.ek_roots.size(), 1u);
    EXPECT_TRUE(read.require_event_log);
    EXPECT_EQ(read.event_log_mask, 1U << 0);
    EXPECT_EQ(read.counters->reset, 4u);
    EXPECT_TRUE(read.allow_unsafe_clock);
}

TEST(Tpm2Policy, IsRefusedForEachMistakeWithItsLine) {
    struct Case {
        std::string_view what;
        std::string lines;
        unsigned line;  // of the mistake; the table's head is line 1
    };
    std::string many;
    for (unsigned i = 0; i < 257; ++i)
        many += "'" + kValue + "',";
    for (const Case& one : std::vector<Case>{
             {"no PCRs", kAkLine, 1},
             {"an empty table of PCRs", "pcrs = {}\n" + kAkLine, 2},
             {"PCRs that are no table", "pcrs = 7\n" + kAkLine, 2},
             {"PCR 24", "pcrs = { '24' = '" + kValue + "' }\n" + kAkLine, 2},
             {"PCR 07", "pcrs = { '07' = '" + kValue + "' }\n" + kAkLine, 2},
             {"PCR -1", "pcrs = { '-1' = '" + kValue + "' }\n" + kAkLine, 2},
             {"a PCR value too short", "pcrs = { '7' = 'aa' }\n" + kAkLine, 2},
             {"a PCR value of another bank", "pcrs = { '7' = '" + std::string(96, 'a') + "' }\n" + kAkLine, 2},
             {"a PCR value that is not hexadecimal", "pcrs = { '7' = '" + std::string(64, 'x') + "' }\n" + kAkLine, 2},
             {"a PCR value that is a number", "pcrs = { '7' = 7 }\n" + kAkLine, 2},
             {"no PCR value", "pcrs = { '7' = [] }\n" + kAkLine, 2},
             {"more PCR values than anybody builds", "pcrs = { '7' = [" + many + "] }\n" + kAkLine, 2},
             {"a bank that is a number", kPcrLine + kAkLine + "bank = 256\n", 4},
             {"a denied key without its prefix", kPcrLine + kAkLine + "deny_keys = ['" + kValue + "']\n", 4},
             {"a key that is a number", kPcrLine + "ak = [1]\n", 3},
             {"PCRs of a log that are words", kPcrLine + kAkLine + "require_event_log = true\nevent_log_pcrs = ['7']\n",
              5},
             {"a clock that is neither safe nor not", kPcrLine + kAkLine + "allow_unsafe_clock = 1\n", 4},
             {"a node's key that is neither enrolled nor not", kPcrLine + "enrolled = 'yes'\n", 3},
             {"a counter that is a word", kPcrLine + kAkLine + "reset_counters = ['1', 1]\n", 4},
             {"the SHA-1 bank", kPcrLine + kAkLine + "bank = 'sha1'\n", 4},
             {"an unknown bank", kPcrLine + kAkLine + "bank = 'SHA256'\n", 4},
             {"no key", kPcrLine, 1},
             {"an empty list of keys", kPcrLine + "ak = []\n", 3},
             {"a key that is a word", kPcrLine + "ak = ['anything']\n", 3},
             {"a key without its prefix", kPcrLine + "ak = ['" + kValue + "']\n", 3},
             {"an endorsement key too short", kPcrLine + "ek = ['sha256:aa']\n", 3},
             {"roots that are nowhere", kPcrLine + "ak_roots = 'absent.pem'\n", 3},
             {"roots that are none", kPcrLine + "ek_roots = 'none.pem'\n", 3},
             {"a log that is neither required nor not", kPcrLine + kAkLine + "require_event_log = 'yes'\n", 4},
             {"PCRs of a log that is not required", kPcrLine + kAkLine + "event_log_pcrs = [7]\n", 4},
             {"PCRs of a log that are not quoted",
              kPcrLine + kAkLine + "require_event_log = true\nevent_log_pcrs = [0]\n", 5},
             {"no PCRs of a log", kPcrLine + kAkLine + "require_event_log = true\nevent_log_pcrs = []\n", 5},
             {"one counter", kPcrLine + kAkLine + "reset_counters = [1]\n", 4},
             {"a negative counter", kPcrLine + kAkLine + "reset_counters = [1, -1]\n", 4},
             {"an unknown key", kPcrLine + kAkLine + "pcr = 7\n", 4},
         }) {
        const auto rules = parse(one.lines, {{"none.pem", "no certificate"}});
        ASSERT_FALSE(rules) << one.what;
        EXPECT_EQ(rules.error().reason, Reason::config_invalid) << one.what;
        EXPECT_EQ(rules.error().context.find("p.toml:" + std::to_string(one.line) + ":"), 0u)
            << one.what << ": " << rules.error().context;
    }
}

TEST(VerifierRegistry, KnowsItsKindsByTheirWords) {
    EXPECT_EQ(known_kinds(),
              (std::vector<std::string_view>{"tpm2", "sev-snp", "simulated-sev-snp", "nitro", "simulated-nitro", "tdx",
                                             "simulated-tdx", "azure-snp", "simulated-azure-snp", "azure-tdx",
                                             "simulated-azure-tdx", "gce-snp", "simulated-gce-snp"}));
    for (const auto kind : known_kinds()) {
        ASSERT_NE(find_verifier(kind), nullptr) << kind;
        EXPECT_EQ(find_verifier(kind)->kind(), kind);
    }
    EXPECT_EQ(find_verifier("TPM2"), nullptr);
    EXPECT_EQ(find_verifier(""), nullptr);
}

}  // namespace
}  // namespace ct::attest::tpm
