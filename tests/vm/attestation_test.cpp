// SPDX-License-Identifier: Apache-2.0
// Measured boot on a whole machine: a release against what firmware, boot loader and kernel have really measured, and every
// refusal with its own reason at both ends. The node's daemons are those of the packages; where an honest node can't
// misbehave, root on the machine puts a liar in the place of its attestd, which is what an attacker there would do.
#include <gtest/gtest.h>

#include <fstream>

#include "rig.h"

namespace ct::test {
namespace {

class Attestation : public testing::Test {
protected:
    static void SetUpTestSuite() {
        if (Rig::missing()) return;
        auto rig = Rig::start();
        ASSERT_TRUE(rig) << rig.error().to_string();
        rig_ = std::move(*rig);
        rig_->bao().put_kv("payments", R"({"first":"one","second":"two","third":"three"})");
        auto posture = rig_->posture();
        ASSERT_TRUE(posture) << posture.error().to_string();
        posture_ = std::move(*posture);
    }
    static void TearDownTestSuite() { rig_.reset(); }

    void SetUp() override {
        if (const auto why = Rig::missing()) GTEST_SKIP() << *why;
        ASSERT_TRUE(rig_) << "the rig did not start";
        ASSERT_TRUE(rig_->allow(posture_));
    }

    static void expect_release() {
        const auto outcome = rig_->launch();
        EXPECT_EQ(outcome.code, 0) << outcome.all() << rig_->node_journal();
    }

    // The reason stands in the launcher's message, in the node's journal and in the gate's audit stream, of this launch.
    static void expect_refusal(const std::string& reason) {
        const auto gate_before = rig_->gate_audit().size(), node_before = rig_->node_journal().size();
        const auto outcome = rig_->launch();
        EXPECT_EQ(outcome.code, 125) << "cloudtaser-run's own refusals end with this status";
        EXPECT_TRUE(outcome.err.contains(reason)) << outcome.err;
        const std::string node = rig_->node_journal().substr(node_before);
        EXPECT_TRUE(node.contains("\"CT_REASON\":\"" + reason + "\"")) << node;
        const std::string gate = rig_->gate_audit().substr(gate_before);
        EXPECT_TRUE(gate.contains("\"" + reason + "\"")) << gate;
    }

    // For as long as it lives, attestd is what `drop_in` says.
    class OtherAttestd {
    public:
        explicit OtherAttestd(const std::string& drop_in) {
            const auto outcome = rig_->machine().run(
                "set -e; d=/run/systemd/system/cloudtaser-attestd.service.d; mkdir -p $d; cat >$d/test.conf <<'END'\n"
                "[Service]\n" +
                drop_in + "\nEND\nsystemctl daemon-reload; systemctl restart cloudtaser-attestd");
            EXPECT_EQ(outcome.code, 0) << outcome.all();
        }
        ~OtherAttestd() {
            const auto outcome = rig_->machine().run(
                "rm -r /run/systemd/system/cloudtaser-attestd.service.d; systemctl daemon-reload;"
                "systemctl restart cloudtaser-attestd");
            EXPECT_EQ(outcome.code, 0) << outcome.all();
        }
    };
    static OtherAttestd liar(const std::string& lie) {
        return OtherAttestd("Type=dbus\nWatchdogSec=0\nExecStart=\nExecStart=/usr/lib/cloudtaser-test/lying_attestd " +
                            lie);
    }
    static OtherAttestd configured(const std::string& toml) {
        const auto written = rig_->machine().run("cat >/etc/cloudtaser/test-attestd.toml <<'END'\n" + toml + "\nEND");
        EXPECT_EQ(written.code, 0) << written.all();
        return OtherAttestd(
            "ExecStart=\nExecStart=/usr/libexec/cloudtaser/cloudtaser-attestd --config /etc/cloudtaser/test-attestd.toml");
    }

    inline static std::unique_ptr<Rig> rig_;
    inline static Rig::Posture posture_;
};

TEST_F(Attestation, ReleasesToAMachineThatBootedWhatThePolicyNames) {
    for (const auto& [pcr, value] : posture_.pcrs) {
        EXPECT_EQ(value.size(), 64U) << "pcr " << pcr;
        EXPECT_NE(value, std::string(64, '0')) << "pcr " << pcr << " was not measured";
    }
    expect_release();
}

TEST_F(Attestation, OneDigitOfOnePcrRefuses) {
    for (const auto& [pcr, value] : posture_.pcrs) {
        SCOPED_TRACE("pcr " + std::to_string(pcr));
        auto other = posture_;
        char& digit = other.pcrs[pcr].back();
        digit = digit == '0' ? '1' : '0';
        ASSERT_TRUE(rig_->allow(other));
        expect_refusal("evidence_measurement_mismatch");
    }
    ASSERT_TRUE(rig_->allow(posture_));
    expect_release();
}

TEST_F(Attestation, AnotherKeyOfTheSameTpmIsForeign) {
    const auto other = configured("[tpm2.ak]\ntype = \"rsa\"");
    expect_refusal("evidence_key_untrusted");
}

TEST_F(Attestation, AQuoteOverAnotherValueIsStale) {
    const auto other = liar("nonce");
    expect_refusal("evidence_nonce_mismatch");
}

TEST_F(Attestation, AQuoteOfAnEarlierLaunchIsAReplay) {
    const auto other = liar("replay");
    expect_release();
    expect_refusal("evidence_replayed");
}

TEST_F(Attestation, AnEventLogThatDoesNotReplayIsRefused) {
    // The last byte of the digest of the log's second event: the first one is a header that is not extended.
    ASSERT_EQ(rig_->machine()
                  .run("set -e; log=/run/event-log; cat /sys/kernel/security/tpm0/binary_bios_measurements >$log\n"
                       "header=$((32 + $(od -An -tu4 -j28 -N4 $log)))\n"
                       "printf '\\377' | dd of=$log bs=1 seek=$((header + 12 + 2 + 31)) conv=notrunc status=none\n"
                       "chmod 444 $log")
                  .code,
              0);
    const auto other = configured("[tpm2]\nevent_log = \"/run/event-log\"");
    expect_refusal("evidence_event_log_mismatch");
}

// The last one: it costs a boot, and leaves a machine that is another.
TEST_F(Attestation, AnotherKernelCommandLineIsAnotherMachine) {
    ASSERT_TRUE(rig_->machine().power_off());
    const auto booted = rig_->machine().boot(std::string(VirtualMachine::kCommandLine) + " mitigations=off");
    ASSERT_TRUE(booted) << booted.error().to_string();
    expect_refusal("evidence_measurement_mismatch");

    const auto now = rig_->posture();
    ASSERT_TRUE(now) << now.error().to_string();
    EXPECT_EQ(now->ak, posture_.ak) << "the TPM is the same";
    for (const auto& [pcr, value] : now->pcrs)
        EXPECT_EQ(value == posture_.pcrs[pcr], pcr != 9 && pcr != 12) << "the command line is in 9 and 12: " << pcr;
    ASSERT_TRUE(rig_->allow(*now));
    expect_release();
}

}  // namespace
}  // namespace ct::test
