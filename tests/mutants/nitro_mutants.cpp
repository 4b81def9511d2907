// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/nitro_document.h"
#include "codec/hex.h"
#include "codec/timestamp.h"
#include "file_verdict.h"
#include "mutants.h"
#include "support/simulated_nsm.h"
#include "support/vectors.h"

namespace ct::test {
namespace {

using attest_tool::Expected;

struct Subject {
    std::string name;
    FileVerdict verdict;
};

std::string pcr0(ByteView value) { return "pcrs = { '0' = '" + hex_encode(value) + "' }\n"; }

Subject real() {
    Subject out{"nitro prod-2025-12-a", {}};
    out.verdict.file = read_vector("nitro/prod-2025-12-a.cose.bin");
    out.verdict.at = parse_timestamp("2025-12-25T16:04:19Z").value();
    const auto document = attest::nitro::parse_document(out.verdict.file).value();
    out.verdict.judge_by("nitro", "[nitro]\n" + pcr0(document.pcrs[0]));  // it has no nonce to be over
    return out;
}

Subject generated() {
    const WallTime at{Seconds(1'790'000'000)};
    const SimulatedNsm nsm(at);
    Subject out{"simulated-nitro", {}};
    NitroPayload content;
    content.nonce = Bytes(20, 0x4e);
    out.verdict.file = nsm.document(content);
    out.verdict.at = at;
    out.verdict.expected = {Expected::What::nonce, *content.nonce};
    out.verdict.judge_by("nitro", "[simulated-nitro]\nroots = 'maker.pem'\n" + pcr0(content.pcrs.at(0)),
                         nsm.root_pem());
    return out;
}

TEST(Mutants, OfANitroDocument) {
    auto [name, verdict] = vectors_folder() ? real() : generated();
    ASSERT_TRUE(verdict.accepted()) << verdict.why();
    const auto accepted = [&v = verdict] { return v.accepted(); };
    const auto document = attest::nitro::parse_document(verdict.file).value();
    const auto part = [&v = verdict](ByteView view) { return mutable_part(v.file, view); };
    expect_no_mutant_accepted(name, "protected header", part(document.protected_header), accepted);
    expect_no_mutant_accepted(name, "payload with its certificates", part(document.payload), accepted);
    expect_no_mutant_accepted(name, "signature r", part(document.r), accepted);
    expect_no_mutant_accepted(name, "signature s", part(document.s), accepted);

    // What frames them is not signed.
    const std::string kind = verdict.rules.kind;
    const std::string roots = kind == "nitro" ? "" : "roots = 'maker.pem'\n";
    verdict.judge_by("nitro", "[" + kind + "]\n" + roots + pcr0(Bytes(48, 0x11)), SimulatedNsm(verdict.at).root_pem());
    ASSERT_FALSE(verdict.accepted());
    const MutableBytes whole(verdict.file);
    const auto head = static_cast<std::size_t>(document.payload.data() - verdict.file.data());
    const auto tail = head + document.payload.size();
    const auto signature = static_cast<std::size_t>(document.r.data() - verdict.file.data());
    expect_no_mutant_accepted(name + " refused for its PCR0", "frame", whole.first(head), accepted);
    expect_no_mutant_accepted(name + " refused for its PCR0", "frame of the signature",
                              whole.subspan(tail, signature - tail), accepted);
}

}  // namespace
}  // namespace ct::test
