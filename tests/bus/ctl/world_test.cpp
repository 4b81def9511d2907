// SPDX-License-Identifier: Apache-2.0
// cloudtaserctl beside the real daemons, a real OpenBao and a software TPM.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/fd.h"
#include "codec/json.h"
#include "support/session_client.h"
#include "support/world.h"

namespace ct::ctl {
namespace {

using ct::test::World;

class CtlInAWorld : public testing::Test {
protected:
    void SetUp() override {
        CT_NEEDS_WORLD();
        auto world = World::start();
        ASSERT_TRUE(world) << world.error().to_string();
        world_ = std::move(*world);
        world_->bao().put_kv("payments", R"({"password":"correct horse","key":"-----BEGIN\nx\u0000y"})");
        world_->map("DB_PASSWORD", "kv/payments#password");
        world_->map("KEY", "kv/payments#key", "secrets");
    }

    ct::test::Launch launch(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), ct::test::built("cloudtaserctl"));
        return {.argv = std::move(arguments), .environment = world_->bus().environment()};
    }
    ct::test::Ran ran(std::vector<std::string> arguments) { return ct::test::run(launch(std::move(arguments))); }

    // What `fetch NAME --to-fd 7` writes into a pipe.
    struct Fetched {
        ct::test::Ran ran;
        std::string value;
    };
    Fetched fetch(const std::string& name) {
        auto pair = std::move(*socket_pair());
        auto start = launch({"fetch", "payments", name, "--to-fd", "7"});
        start.fds = {{pair.theirs.get(), 7}};
        Fetched out;
        out.ran = ct::test::run(start);
        pair.theirs.reset();
        out.value = read_fd(pair.ours.get(), 1 << 20).value_or("?");
        return out;
    }

    // The one file in a folder of records.
    std::string record(const std::string& kind) {
        const std::filesystem::directory_iterator all(world_->record_folder() + "/" + kind);
        return all == end(all) ? "none" : all->path().string();
    }

    std::unique_ptr<World> world_;
};

json::Document parsed(const std::string& text) {
    auto document = json::Document::parse(SecretBuffer::copy_of(as_bytes(text)).value());
    if (!document) ADD_FAILURE() << text;
    return std::move(*document);
}

TEST_F(CtlInAWorld, FetchWritesExactlyTheBytesThatOpenBaoHolds) {
    const auto text = fetch("DB_PASSWORD");
    EXPECT_EQ(text.ran.code, 0) << text.ran.output;
    EXPECT_EQ(text.ran.output, "");
    EXPECT_EQ(text.value, "correct horse");
    EXPECT_EQ(fetch("KEY").value, std::string("-----BEGIN\nx\0y", 14));
    const auto unknown = fetch("NONE");
    EXPECT_EQ(unknown.ran.code, 1);
    EXPECT_TRUE(unknown.ran.output.starts_with("cloudtaserctl: name_not_mapped: ")) << unknown.ran.output;
    EXPECT_EQ(unknown.value, "");
    EXPECT_TRUE(world_->session_states().empty()) << "each fetch ended its session";
}

TEST_F(CtlInAWorld, StatusSaysWhatIsThere) {
    const auto before = ran({"status", "--json"});
    EXPECT_EQ(before.code, 0) << before.output;
    EXPECT_EQ(parsed(before.output).root().find("daemons")->first()->find("state")->text(), "not running")
        << "looking starts nothing";

    const auto session = ct::test::SessionClient::open("payments");
    ASSERT_TRUE(session) << session.error().to_string();
    const auto after = ran({"status", "--json"});
    const auto document = parsed(after.output);
    const auto root = document.root();
    EXPECT_EQ(root.find("secret_memory")->find("secretd")->text(), root.find("secret_memory")->find("kernel")->text());
    EXPECT_EQ(root.find("attestation")->find("kinds")->first()->text(), "tpm2");
    EXPECT_EQ(root.find("attestation")->find("keys")->find("tpm2.ak")->text(), world_->tpm_fingerprint());
    EXPECT_EQ(root.find("enforcement")->text(), "not installed");
    ASSERT_EQ(root.find("sessions")->size(), 1U) << after.output;
    const auto shown = root.find("sessions")->first();
    EXPECT_EQ(shown->find("workload")->text(), "payments");
    EXPECT_EQ(shown->find("state")->text(), "live");
    EXPECT_EQ(shown->find("evidence_kind")->text(), "tpm2");
    EXPECT_EQ(shown->find("tiers")->text(), "AB");

    const auto revoked = ran({"revoke", "payments"});
    EXPECT_TRUE(revoked.output.starts_with("1 session of payments closed")) << revoked.output;
    EXPECT_EQ(ran({"sessions"}).output, "No sessions.\n");
}

TEST_F(CtlInAWorld, TheGatesRecordReplaysToTheSameVerdict) {
    ASSERT_EQ(fetch("DB_PASSWORD").value, "correct horse");
    const std::string path = record("released");
    const auto replayed = ran({"gate", "verdict", "replay", path});
    EXPECT_EQ(replayed.code, 0) << replayed.output;
    EXPECT_NE(replayed.output.find("Replay          equal"), std::string::npos) << replayed.output;
    EXPECT_NE(replayed.output.find("Verdict         granted"), std::string::npos) << replayed.output;
    const auto shown = replayed.output.find("  sha256        ");
    ASSERT_NE(shown, std::string::npos);
    EXPECT_NE(world_->gate_audit().find(replayed.output.substr(shown + 16, 64)), std::string::npos)
        << "the gate's audit names the same record";

    const auto by_id = ran({"gate", "verdict", "replay", std::filesystem::path(path).stem(), "--records",
                            world_->record_folder(), "--json"});
    EXPECT_EQ(parsed(by_id.output).root().find("equal")->boolean(), true) << by_id.output;

    // One bit of what the TPM signed (TPMS_ATTEST begins with 0xff "TCG"), and it leads to another verdict.
    std::string bytes = read_file(path, 16 << 20).value();
    const auto attest = bytes.find(
        "\xff"
        "TCG");
    ASSERT_NE(attest, std::string::npos);
    bytes[attest + 60] = static_cast<char>(bytes[attest + 60] ^ 1);
    const ct::test::TempDir folder;
    EXPECT_EQ(ran({"gate", "verdict", "replay", folder.write("forged.cbor", bytes)}).code, 1);
}

}  // namespace
}  // namespace ct::ctl
