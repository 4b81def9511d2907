// SPDX-License-Identifier: Apache-2.0
#include "clients/ctl/posture.h"

#include <gtest/gtest.h>

#include "told.h"

namespace ct::ctl {
namespace {

using namespace std::chrono_literals;

const WallTime kNow(Seconds(1'795'528'985));  // 2026-11-24 14:03:05Z

Posture sound() {
    Posture posture;
    posture.version = "0.1.0";
    posture.kernel_memory = "memfd_secret";
    posture.secretd_memory = "memfd_secret";
    posture.kinds = {{"tpm2"}};
    posture.primary = "tpm2";
    posture.keys = {{"tpm2.ak", "sha256:ab"}};
    posture.identity = NodeIdentity{"CN=node-1", "cd", kNow + std::chrono::days(300)};
    posture.enforcement = "not installed";
    posture.daemons = {{"cloudtaser-secretd", "ready", "0.1.0", ""},
                       {"cloudtaser-identd", "not running", "", ""},
                       {"cloudtaser-enforced", "not installed", "", ""}};
    posture.sessions = {{{"/io/cloudtaser/Secret1/session/7", "payments", "live", 1001, kNow - 302s, "tpm2", "AB"}}};
    return posture;
}

std::string text_of(const Posture& posture, bool all = false) {
    return test::told([&](Output& out) -> Result<int> { return tell(posture, kNow, all, out), 0; }).text;
}

TEST(Posture, IsToldToAPerson) {
    EXPECT_EQ(
        text_of(sound()),
        "Secret memory   memfd_secret\n"
        "Attestation     tpm2\n"
        "  tpm2.ak       sha256:ab\n"
        "Enforcement     not installed\n"
        "Node            CN=node-1, until 2027-09-20 14:03:05Z\n"
        "  pin           cd\n"
        "\n"
        "DAEMON              STATE        VERSION  REASON\n"
        "cloudtaser-secretd  ready        0.1.0    -\n"
        "cloudtaser-identd   not running  -        -\n"
        "\n"
        "SESSION  WORKLOAD  STATE  UID   AGE      EVIDENCE  TIER\n"
        "7        payments  live   1001  5min 2s  tpm2      AB\n"
        "\n"
        "! enforcement is not installed: nothing keeps root on this host from tracing a program that holds secrets\n");
    EXPECT_NE(text_of(sound(), true).find("cloudtaser-enforced  not installed"), std::string::npos);
}

TEST(Posture, IsToldToAProgram) {
    const auto text =
        test::told([](Output& out) -> Result<int> { return tell(sound(), kNow, false, out), 0; }, Output::Mode::json)
            .text;
    const auto document = test::parsed(text);
    const auto root = document.root();
    EXPECT_EQ(root.find("secret_memory")->find("secretd")->text(), "memfd_secret");
    EXPECT_EQ(root.find("attestation")->find("kinds")->first()->text(), "tpm2");
    EXPECT_EQ(root.find("attestation")->find("keys")->find("tpm2.ak")->text(), "sha256:ab");
    EXPECT_EQ(root.find("identity")->find("pin")->text(), "cd");
    EXPECT_EQ(root.find("enforcement")->text(), "not installed");
    EXPECT_EQ(root.find("daemons")->size(), 3U);
    EXPECT_EQ(root.find("shortcomings")->size(), 1U);
    const auto session = root.find("sessions")->first();
    ASSERT_TRUE(session);
    EXPECT_EQ(session->find("path")->text(), "/io/cloudtaser/Secret1/session/7");
    EXPECT_EQ(session->find("uid")->uint(), 1001U);
    EXPECT_EQ(session->find("opened")->uint(), 1'795'528'683U);
    EXPECT_EQ(session->find("age_seconds")->uint(), 302U);
    EXPECT_EQ(session->find("evidence_kind")->text(), "tpm2");
    EXPECT_EQ(session->find("tiers")->text(), "AB");
}

TEST(Posture, WhatIsNotKnownIsSaidToBeNotKnown) {
    Posture posture = sound();
    posture.secretd_memory.reset();
    posture.kinds.reset();
    posture.keys.clear();
    posture.identity.reset();
    posture.sessions.reset();
    const std::string text = text_of(posture);
    EXPECT_NE(text.find("memfd_secret (as this program sees it; secretd does not run)"), std::string::npos);
    EXPECT_NE(text.find("unknown: cloudtaser-attestd does not run"), std::string::npos);
    EXPECT_NE(text.find("No sessions."), std::string::npos);
    const auto json =
        test::told([&](Output& out) -> Result<int> { return tell(posture, kNow, false, out), 0; }, Output::Mode::json)
            .text;
    const auto document = test::parsed(json);
    EXPECT_TRUE(document.root().find("secret_memory")->find("secretd", json::Type::null));
    EXPECT_TRUE(document.root().find("attestation")->find("kinds", json::Type::null));
    EXPECT_TRUE(document.root().find("identity", json::Type::null));
    EXPECT_TRUE(document.root().find("sessions", json::Type::null));
}

TEST(Posture, ARefusedListOfSessionsSaysWhy) {
    Posture posture = sound();
    posture.sessions.reset();
    posture.sessions_refused = Error{Reason::caller_not_allowed, "polkit says no", 0};
    EXPECT_NE(text_of(posture).find("Sessions are not shown: caller_not_allowed: polkit says no\n"), std::string::npos);
}

struct Shortcoming {
    std::string_view name;
    std::function<void(Posture&)> change;
    std::string_view said;  // the first word of warning has this in it; empty: nothing is said
};

TEST(Shortcomings, EachHasItsWords) {
    const Shortcoming rows[] = {
        {"armed", [](Posture& p) { p.enforcement = "ready"; }, ""},
        {"no enforcement", [](Posture&) {}, "enforcement is not installed"},
        {"enforcement degraded", [](Posture& p) { p.enforcement = "degraded"; }, "enforcement is degraded"},
        {"locked memory", [](Posture& p) { p.secretd_memory = "locked"; }, "no memfd_secret"},
        {"the kernel's word counts until secretd runs",
         [](Posture& p) {
             p.secretd_memory.reset();
             p.kernel_memory = "locked";
         },
         "no memfd_secret"},
        {"no device", [](Posture& p) { p.kinds = std::vector<std::string>{}; }, "can prove nothing"},
        {"a daemon in trouble",
         [](Posture& p) { p.daemons[0] = {"cloudtaser-secretd", "degraded", "0.1.0", "no gate"}; },
         "cloudtaser-secretd is degraded: no gate"},
        {"a silent daemon", [](Posture& p) { p.daemons[1] = {"cloudtaser-identd", "no answer", "", "timed_out"}; },
         "cloudtaser-identd is no answer: timed_out"},
        {"expired", [](Posture& p) { p.identity->not_after = kNow - 1s; }, "has expired"},
        {"expires soon", [](Posture& p) { p.identity->not_after = kNow + 48h; }, "ends in 2d"},
        {"a gate's machine",
         [](Posture& p) {
             p.daemons = {{"cloudtaser-secretd", "not installed", "", ""}, {"cloudtaser-gate", "ready", "0.1.0", ""}};
             p.kernel_memory = "locked";
         },
         ""},
    };
    for (const Shortcoming& row : rows) {
        Posture posture = sound();
        row.change(posture);
        const auto said = shortcomings(posture, kNow);
        if (row.said.empty()) {
            EXPECT_TRUE(said.empty()) << row.name << ": " << said.front();
        } else {
            ASSERT_FALSE(said.empty()) << row.name;
            EXPECT_NE(said.front().find(row.said), std::string::npos) << row.name << ": " << said.front();
        }
    }
}

TEST(Posture, WordsOfDaemonsDoNotSteerTheTerminal) {
    Posture posture = sound();
    posture.daemons[0] = {"cloudtaser-secretd", "ready\x1b[2J", "0\x1b", "\x1b]0;x\a"};
    posture.kinds = {{"tpm2\x1b", "b\x1b"}};
    posture.primary = "\x1b";
    posture.keys = {{"k\x1b", "v\x1b"}};
    posture.secretd_memory = "locked\x1b";
    posture.enforcement = "on\x1b";
    posture.identity->subject = "CN=\x1b";
    posture.sessions = {{{"/a/\x1b", "w\x1b", "s\x1b", 1, kNow, "e\x1b", "t\x1b"}}};
    EXPECT_EQ(text_of(posture, true).find('\x1b'), std::string::npos);
    posture.sessions_refused = Error{Reason::io_failed, "\x1b", 0};
    EXPECT_EQ(text_of(posture, true).find('\x1b'), std::string::npos);
}

TEST(Sessions, AnEmptyListIsSaidInWordsAndInJson) {
    const auto none = [](Output& out) -> Result<int> { return tell(std::vector<SessionRow>{}, kNow, out), 0; };
    EXPECT_EQ(test::told(none).text, "No sessions.\n");
    EXPECT_EQ(test::told(none, Output::Mode::json).text, "[]\n");
}

}  // namespace
}  // namespace ct::ctl
