// SPDX-License-Identifier: Apache-2.0
// How a node comes to be trusted and ceases to be: what an admin does at both ends, with the real daemons between them.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "enrolment_rig.h"

namespace ct::ctl {
namespace {

using namespace std::chrono_literals;

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
    EXPECT_NE(revoked.output.find("The gate has OpenBao end the tokens that it has."), std::string::npos)
        << revoked.output;
    EXPECT_NE(gate_node({"list"}).output.find("node-1  revoked"), std::string::npos);
    EXPECT_TRUE(live->closed_within(20s)) << "its grant is not renewed";
    EXPECT_EQ(refusal(), "node_revoked");

    // Enrolled anew.
    EXPECT_EQ(gate_node({"add", file, "--fingerprint", fingerprint}).code, 1) << "not by accident";
    EXPECT_EQ(gate_node({"add", file, "--fingerprint", fingerprint, "--replace"}).code, 0);
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
