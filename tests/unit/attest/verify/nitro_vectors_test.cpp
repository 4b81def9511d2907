// SPDX-License-Identifier: Apache-2.0
// Documents of real enclaves. None is over a binding of ours, or for a release: each is refused for these two; what counts is that
// nothing else is found wrong with a good one at its time, and that all is found that is wrong with a bad one.
#include <gtest/gtest.h>

#include <algorithm>

#include "attest/evidence/nitro_bundle.h"
#include "attest/verify/verifier.h"
#include "codec/hex.h"
#include "codec/timestamp.h"
#include "config/tree.h"
#include "nitro_mutants.h"
#include "support/vectors.h"

namespace ct::attest::nitro {
namespace {

using Reasons = std::vector<Reason>;
using test::read_vector;

struct Captured {
    std::string name;  // of a file
    std::string at;
    std::string pcrs = "'8' = '" + std::string(96, '1') + "'";
    std::size_t flip = 0;  // a byte; 0: none

    [[nodiscard]] Verdict judge() const {
        const auto table = config::Document::parse("[t]\npcrs = { " + pcrs + " }\n", "p.toml");
        const auto rules = find_verifier("nitro")->parse_policy(*table->root().get("t"));
        if (!rules) {
            ADD_FAILURE() << rules.error().to_string();
            return {};
        }
        Bytes document = read_vector("nitro/" + name + ".cose.bin");
        if (flip != 0) document[flip] ^= 0x40;
        const Bytes introduction = encode(Introduction{}), evidence = encode(Evidence{document});
        return find_verifier("nitro")->verify(
            {introduction, {}, evidence, Sha512{}, parse_timestamp(at).value(), {}, nullptr}, **rules);
    }
    // Beside the two that every one of them has.
    [[nodiscard]] Reasons others() const {
        Reasons out;
        std::size_t ours = 0;
        for (const Finding& finding : judge().findings) {
            if (finding.reason == Reason::evidence_nonce_mismatch || finding.reason == Reason::evidence_wrong_type)
                ++ours;
            else
                out.push_back(finding.reason);
        }
        if (out != Reasons{Reason::evidence_malformed}) {
            EXPECT_EQ(ours, 2U) << name;
        }
        return out;
    }
};

const std::string kImageA =
    "eb7d0dab08ff41546d7e5659aee883af7b32bb2e58e46815b719f9f7bfae7b880188a10d86317e6509923740526cf74a";
const std::string kImageB =
    "5cb702954321826d7939d6da829a940d787fcf32357beb8eae1ddf33c28c17d36f3ac3ba6828fdf7edeed02889702da6";
const std::string kKernel =
    "0343b056cd8485ca7890ddd833476d78460aed2aa161548e4e26bedf321726696257d623e8805f3f605946b3d8b0c6aa";
const std::string kApplicationB =
    "743ea12db9aba9440a8197f7ac9aeda43cfbb1587473ff7577415ac5be116bc026dfa836db6713930474d1aa0d06b049";
const std::string kInstance =
    "7b3574ad9b7e88ec8335e8ce967315fac77218441e97eea9795de704d7f2678d0b298ecda39b544c1689669f48cba5e8";
const std::string kSigner =
    "8790eb3cce6c83d07e84b126dc61ca923333d6f66615c4a79157de48c5ab2418bdc60746ea7b7afbff03a1c6210201cb";
const std::string kRole =
    "4a9329d69c836267b18abbf9f4a38889124490453419e426818626348d21f989dc930b1562682a9082887454e53425aa";

std::string pin(const std::string& index, const std::string& value) { return "'" + index + "' = '" + value + "'"; }

TEST(NitroVectors, HaveTheirVerdictsAtTheirTimes) {
    CT_NEEDS_VECTORS();
    const auto both = [](const std::string& a, const std::string& b) { return a + ", " + b; };
    struct Row {
        Captured captured;
        Reasons others;
    };
    for (const auto& row : std::vector<Row>{
             {{"prod-2025-12-a", "2025-12-25T16:04:19Z", both(pin("0", kImageA), pin("4", kInstance))}, {}},
             {{"prod-2025-12-b", "2025-12-25T13:15:37Z", both(pin("1", kKernel), pin("2", kApplicationB))}, {}},
             {{"prod-2025-12-b", "2025-12-25T13:15:37Z", pin("0", kImageA)}, {Reason::evidence_measurement_mismatch}},
             {{"prod-2025-12-b", "2025-12-25T13:15:37Z", "'0' = ['" + kImageA + "', '" + kImageB + "']"}, {}},
             {{"prod-2025-12-a", "2025-12-25T16:04:19Z"}, {Reason::evidence_measurement_mismatch}},
             {{"prod-2022-10-pcr8", "2022-10-13T08:58:02Z", both(pin("3", kRole), pin("8", kSigner))}, {}},
             // Past the leaf's three hours, and long after.
             {{"prod-2025-12-a", "2025-12-25T20:04:19Z", pin("0", kImageA)}, {Reason::evidence_certificate_expired}},
             {{"prod-2025-12-b", "2025-12-25T17:15:37Z", pin("0", kImageB)}, {Reason::evidence_certificate_expired}},
             {{"prod-2022-10-pcr8", "2022-10-13T12:58:02Z", pin("8", kSigner)}, {Reason::evidence_certificate_expired}},
             {{"prod-2025-12-a", "2026-11-23", pin("0", kImageA)}, {Reason::evidence_certificate_expired}},
             {{"prod-2025-12-a", "2025-12-25T12:04:19Z", pin("0", kImageA)}, {Reason::evidence_certificate_expired}},
             // Sound in every other way.
             {{"debug-2025-12", "2025-12-25T08:20:46Z"},
              {Reason::evidence_debug, Reason::evidence_measurement_mismatch}},
             {{"debug-2023-09-pubkey-userdata", "2023-09-18T15:03:30Z", both(pin("3", kRole), pin("8", kSigner))},
              {Reason::evidence_debug, Reason::evidence_measurement_mismatch}},
             {{"neg-selfsigned", "2024-04-17T18:31:46Z"}, {Reason::evidence_malformed}},
         })
        EXPECT_EQ(row.captured.others(), row.others)
            << row.captured.name << " at " << row.captured.at << " " << row.captured.pcrs;
}

TEST(NitroVectors, TamperedWithAreRefused) {
    CT_NEEDS_VECTORS();
    // A byte of each part: a PCR, the module's name, the root that is not looked at, the signature.
    for (const std::size_t at : {40, 200, 900, 1700, 2400, 3000, 4400, 4440, 4525}) {
        Captured captured{"prod-2025-12-a", "2025-12-25T16:04:19Z", pin("0", kImageA)};
        captured.flip = at;
        const auto others = captured.others();
        EXPECT_TRUE(std::ranges::count(others, Reason::evidence_signature_invalid) == 1 ||
                    others == Reasons{Reason::evidence_malformed})
            << at;
    }
}

TEST(NitroVectors, NoBitOfOneMayFlip) {
    CT_NEEDS_VECTORS();
    EXPECT_GT(expect_no_mutant_passes(read_vector("nitro/prod-2025-12-a.cose.bin")), 10000U);
}

}  // namespace
}  // namespace ct::attest::nitro
