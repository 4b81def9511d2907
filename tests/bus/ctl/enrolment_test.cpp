// SPDX-License-Identifier: Apache-2.0
// How a node comes to be trusted and ceases to be: what an admin does at both ends, with the real daemons between them.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/fd.h"
#include "support/mounted_reports.h"
#include "support/session_client.h"
#include "support/world.h"

namespace ct::ctl {
namespace {

using namespace std::chrono_literals;
using ct::test::SessionClient;
using ct::test::World;

class Enrolment : public testing::Test {
protected:
    void SetUp() override {
        CT_NEEDS_WORLD();
        World::Options options;
        options.lifetime = "10s";  // renewed at two thirds of it
        options.enrolled_keys = true;
        begin(options);
    }
    void begin(const World::Options& options) {
        auto world = World::start(options);
        ASSERT_TRUE(world) << world.error().to_string();
        world_ = std::move(*world);
        world_->bao().put_kv("payments", R"({"password":"correct horse"})");
        world_->map("DB_PASSWORD", "kv/payments#password");
        std::filesystem::remove(world_->folder() + "/nodes.d/node.toml");
        ASSERT_TRUE(world_->reload_gate());
    }

    ct::test::Ran ran(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), ct::test::built("cloudtaserctl"));
        return ct::test::run({.argv = std::move(arguments), .environment = world_->bus().environment()});
    }
    // On the node.
    [[nodiscard]] std::string enrolment_file() const {
        const auto made = ran({"enrolment", "--certificate", world_->folder() + "/node.crt", "--name", "node-1"});
        EXPECT_EQ(made.code, 0) << made.output;
        return folder_.write("node-1.toml", made.output);
    }
    static std::string fingerprint_in(const std::string& file) {
        const std::string text = read_file(file, 1 << 16).value();
        constexpr std::string_view kLabel = "# Fingerprint: ";
        const auto at = text.find(kLabel);
        return at == std::string::npos ? "none" : text.substr(at + kLabel.size(), 24);
    }
    // On the gate.
    [[nodiscard]] ct::test::Ran gate_node(std::vector<std::string> arguments) const {
        std::vector<std::string> all{"gate", "node", "--settings", world_->folder() + "/gate.toml"};
        all.insert(all.end(), arguments.begin(), arguments.end());
        return ran(std::move(all));
    }
    static std::string refusal() {
        const auto session = SessionClient::open("payments");
        return session ? "none" : std::string(to_string(session.error().reason));
    }
    [[nodiscard]] std::size_t files() const {
        const std::filesystem::directory_iterator all(world_->folder() + "/nodes.d");
        return static_cast<std::size_t>(std::distance(std::filesystem::begin(all), std::filesystem::end(all)));
    }

    std::unique_ptr<World> world_;
    ct::test::TempDir folder_;
};

TEST_F(Enrolment, OfANodeNeedsTheFingerprintThatTheNodeShows) {
    EXPECT_EQ(refusal(), "node_unknown");
    const std::string file = enrolment_file();
    const std::string fingerprint = fingerprint_in(file);

    const auto nobody = gate_node({"add", file});
    EXPECT_EQ(nobody.code, 1);
    EXPECT_NE(nobody.output.find("nobody to ask: give --fingerprint"), std::string::npos) << nobody.output;
    const auto wrong = gate_node({"add", file, "--fingerprint", "0000-0000-0000-0000-0000"});
    EXPECT_EQ(wrong.code, 1);
    EXPECT_NE(wrong.output.find(fingerprint), std::string::npos) << wrong.output;
    EXPECT_EQ(files(), 0U) << "nothing was changed";

    const auto added = gate_node({"add", file, "--fingerprint", fingerprint});
    EXPECT_EQ(added.code, 0) << added.output;
    EXPECT_NE(added.output.find("in force: the gate has read it"), std::string::npos) << added.output;
    EXPECT_EQ(refusal(), "none");
    const auto list = gate_node({"list"});
    EXPECT_NE(list.output.find("node-1  enrolled  " + fingerprint + "  tpm2"), std::string::npos) << list.output;

    const auto again = gate_node({"add", file, "--fingerprint", fingerprint});
    EXPECT_EQ(again.code, 1);
    EXPECT_NE(again.output.find("is enrolled already; --replace"), std::string::npos) << again.output;
}

TEST_F(Enrolment, OfAnotherMachinesKeyDoesNotServeThisOne) {
    const std::string file = enrolment_file();
    std::string text = read_file(file, 1 << 16).value();
    // Somebody changed the file on its way: another attestation key, and no endorsement key.
    const auto keys = text.find("keys.tpm2");
    ASSERT_NE(keys, std::string::npos);
    text.resize(keys);
    text += "keys.tpm2 = [\"ak:sha256:" + std::string(64, 'a') + "\"]\n";
    const std::string changed = folder_.write("changed.toml", text);
    EXPECT_EQ(gate_node({"add", changed, "--fingerprint", fingerprint_in(file)}).code, 1)
        << "the fingerprint that the node showed is not that of the changed file";
    // And if nobody had looked: the key is not this TPM's.
    std::ofstream(world_->folder() + "/nodes.d/node-1.toml") << text;
    ASSERT_TRUE(world_->reload_gate());
    EXPECT_EQ(refusal(), "evidence_key_untrusted");
}

TEST_F(Enrolment, EndsWithRevocationAlsoForASessionThatLives) {
    const std::string file = enrolment_file();
    const std::string fingerprint = fingerprint_in(file);
    ASSERT_EQ(gate_node({"add", file, "--fingerprint", fingerprint}).code, 0);
    auto live = SessionClient::open("payments");
    ASSERT_TRUE(live) << live.error().to_string();

    const auto revoked = gate_node({"revoke", "node-1"});
    EXPECT_EQ(revoked.code, 0) << revoked.output;
    EXPECT_NE(gate_node({"list"}).output.find("node-1  revoked"), std::string::npos);
    EXPECT_TRUE(live->closed_within(20s)) << "its grant is not renewed";
    EXPECT_EQ(refusal(), "node_revoked");

    // Enrolled anew.
    EXPECT_EQ(gate_node({"add", file, "--fingerprint", fingerprint}).code, 1) << "not by accident";
    EXPECT_EQ(gate_node({"add", file, "--fingerprint", fingerprint, "--replace"}).code, 0);
    EXPECT_EQ(refusal(), "none");
}

TEST_F(Enrolment, OfAMachineWhoseProcessorSignsForItNamesNoKey) {
    world_.reset();
    CT_NEEDS_MOUNTED_REPORTS();
    auto machine = ct::test::simulated_snp_machine();  // its measurements are no keys
    ASSERT_TRUE(machine) << machine.error().to_string();
    World::Options options;
    options.tpm = false;
    options.machines = {std::move(*machine)};
    begin(options);
    const std::string file = enrolment_file();
    EXPECT_EQ(read_file(file, 1 << 16)->find("keys"), std::string::npos);
    const auto added = gate_node({"add", file, "--fingerprint", fingerprint_in(file)});
    ASSERT_EQ(added.code, 0) << added.output;
    EXPECT_EQ(refusal(), "none");
}

TEST_F(Enrolment, AFileThatSomebodyWroteByHandIsNotWrittenAnew) {
    const std::string file = enrolment_file();
    ASSERT_EQ(gate_node({"add", file, "--fingerprint", fingerprint_in(file)}).code, 0);
    const std::string path = world_->folder() + "/nodes.d/node-1.toml";
    std::ofstream(path, std::ios::app) << "description = \"rack 4\"\n";
    const std::string before = read_file(path, 1 << 16).value();
    const auto revoked = gate_node({"revoke", "node-1"});
    EXPECT_EQ(revoked.code, 1);
    EXPECT_NE(revoked.output.find("node-1.toml:1: edit it there"), std::string::npos) << revoked.output;
    EXPECT_EQ(gate_node({"add", file, "--fingerprint", fingerprint_in(file), "--replace"}).code, 1);
    EXPECT_EQ(read_file(path, 1 << 16).value(), before);
    EXPECT_EQ(gate_node({"revoke", "nobody"}).code, 1);
}

TEST_F(Enrolment, WhatTheGateRefusesIsTakenBack) {
    const std::string file = enrolment_file();
    // A policy that does not parse keeps the gate from reading anything.
    std::ofstream(world_->folder() + "/policy.d/broken.toml") << "epoch = \n";
    const auto added = gate_node({"add", file, "--fingerprint", fingerprint_in(file)});
    EXPECT_EQ(added.code, 1);
    EXPECT_NE(added.output.find("so nothing was changed"), std::string::npos) << added.output;
    EXPECT_EQ(files(), 0U);
}

}  // namespace
}  // namespace ct::ctl
