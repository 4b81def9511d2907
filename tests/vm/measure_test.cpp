// SPDX-License-Identifier: Apache-2.0
// What `cloudtaserctl measure` says of a kernel, an image and a disk, and what a machine then has in its PCRs that booted from
// them: by its TPM and by the log of its firmware, in both banks.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "attest/evidence/event_log.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "support/private_bus.h"
#include "virtual_machine.h"

namespace ct::test {
namespace {

using Values = std::map<std::string, std::string>;  // by number
using Words = std::vector<std::string>;

constexpr const char* kBanks[] = {"sha256", "sha384"};
crypto::Hash hash_of(const std::string& bank) { return bank == "sha256" ? crypto::Hash::sha256 : crypto::Hash::sha384; }

Words with(Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

json::Document said_of(const Words& words) {
    const auto outcome = run({.argv = with({built("cloudtaserctl"), "--json", "measure"}, words)});
    EXPECT_EQ(outcome.code, 0) << outcome.output;
    auto document = json::Document::parse(SecretBuffer::copy_of(as_bytes(outcome.output)).value());
    EXPECT_TRUE(document) << outcome.output;
    return std::move(*document);
}

// PCRs, or with --tdx RTMRs.
Values measured(const Words& words, const char* what) {
    const auto document = said_of(words);
    const auto values = document.root().find(what);
    Values out;
    for (const char* index : {"1", "2", "4", "5", "9"})
        if (const auto value = values ? values->find(index) : std::nullopt)
            out.emplace(index, std::string(value->text()));
    return out;
}

class Machine {
public:
    explicit Machine(const VirtualMachine::Start& what) {
        const Status up = start(what);
        EXPECT_TRUE(up) << up.error().to_string();
    }

    [[nodiscard]] std::string pcr(const std::string& bank, const std::string& index) {
        const auto outcome = machine_->run("cat /sys/class/tpm/tpm0/pcr-" + bank + "/" + index);
        std::string value = outcome.out.substr(0, outcome.out.find('\n'));
        std::ranges::transform(value, value.begin(), [](unsigned char c) { return std::tolower(c); });
        return value;
    }
    // What firmware's log leads to: without what programs extended later.
    [[nodiscard]] std::string logged(const std::string& bank, unsigned index) const {
        const auto values = attest::tpm::replay(log_, hash_of(bank));
        EXPECT_TRUE(values) << values.error().to_string();
        return values ? hex_encode(values->value(index)) : "";
    }
    // PCR 2 to 6 in the order of the log, as one register: what a TD's firmware would extend RTMR 1 with. It has one separator
    // where a TPM's has one in each PCR.
    [[nodiscard]] std::string as_rtmr1() const {
        auto reader = attest::tpm::EventLogReader::open(log_, crypto::Hash::sha384);
        Bytes value(48);
        bool separated = false;
        while (reader) {
            const auto event = reader->next();
            if (!event || !*event) break;
            constexpr std::uint32_t separator = 4;
            if ((*event)->pcr < 2 || (*event)->pcr > 6 || (*event)->type == attest::tpm::kEventNoAction) continue;
            if ((*event)->type == separator && std::exchange(separated, true)) continue;
            value = crypto::digest(crypto::Hash::sha384, {value, (*event)->digest});
        }
        return hex_encode(value);
    }
    // Where the two differ, the log tells why.
    [[nodiscard]] std::string events() const {
        std::ostringstream out;
        auto reader = attest::tpm::EventLogReader::open(log_, crypto::Hash::sha256);
        while (reader) {
            const auto event = reader->next();
            if (!event || !*event) break;
            out << (*event)->pcr << " " << std::hex << (*event)->type << std::dec << " " << hex_encode((*event)->digest)
                << "\n";
        }
        return out.str();
    }

private:
    Status start(const VirtualMachine::Start& what) {
        constexpr std::size_t most = 1 << 20;
        CT_TRY(machine_, VirtualMachine::make("sha256,sha384"));
        CT_CHECK(machine_->boot(what));
        machine_->run("systemctl start systemd-pcrphase.service");  // returns when the last word is in PCR 11
        const auto log = machine_->run("base64 -w0 /sys/kernel/security/tpm0/binary_bios_measurements");
        CT_TRY(log_, base64_decode(log.out, most));
        return {};
    }

    std::unique_ptr<VirtualMachine> machine_;
    Bytes log_;
};

class Measure : public testing::Test {
protected:
    void SetUp() override {
        if (const auto why = VirtualMachine::missing()) GTEST_SKIP() << *why;
    }

    static void expect_pcrs(Machine& machine, const Words& words, const Words& which) {
        for (const std::string bank : kBanks) {
            const Values values = measured(with(words, {"--bank", bank}), "pcrs");
            ASSERT_EQ(values.size(), which.size()) << bank;
            for (const auto& index : which) {
                EXPECT_EQ(values.at(index), machine.pcr(bank, index)) << bank << " " << index << "\n"
                                                                      << machine.events();
                EXPECT_EQ(values.at(index), machine.logged(bank, static_cast<unsigned>(std::stoul(index))));
            }
        }
    }
};

const std::string kLinux = VirtualMachine::made("linux"), kInitrd = VirtualMachine::made("initrd"),
                  kImage = VirtualMachine::made("boot.efi"), kWhole = VirtualMachine::made("whole.efi"),
                  kDisk = VirtualMachine::made("boot-disk.img");

TEST_F(Measure, AKernelThatQemuHandsOver) {
    const VirtualMachine::Start what = {.kernel = kLinux, .initrd = kInitrd};
    Machine machine(what);
    ASSERT_FALSE(HasFailure());
    const Words direct = {"direct",    "--kernel",        kLinux,     "--initrd", kInitrd,
                          "--cmdline", what.command_line, "--memory", "512"};
    expect_pcrs(machine, direct, {"4", "5", "9"});
    const Words as_it_got_them = {
        "direct", "--kernel", kLinux, "--initrd", kInitrd, "--load-options", what.command_line + " initrd=initrd"};
    for (const Words& other : {Words{"--memory", "1024"}, Words{"--plain"}})
        EXPECT_NE(measured(with(as_it_got_them, other), "pcrs").at("4"), machine.pcr("sha256", "4"))
            << "QEMU writes where the initrd is";
    EXPECT_EQ(measured(with(as_it_got_them, {"--memory", "512"}), "pcrs"), measured(direct, "pcrs"));
}

// The initrd lies elsewhere: below 2 GiB, not below the end of the memory.
TEST_F(Measure, AKernelOfALargeMachine) {
    const VirtualMachine::Start what = {.kernel = kLinux, .initrd = kInitrd, .memory = 3UZ << 30};
    Machine machine(what);
    ASSERT_FALSE(HasFailure());
    expect_pcrs(machine,
                {"direct", "--kernel", kLinux, "--initrd", kInitrd, "--cmdline", what.command_line, "--memory", "3072"},
                {"4", "5", "9"});
}

TEST_F(Measure, AnImageThatQemuHandsOver) {
    Machine machine({});
    ASSERT_FALSE(HasFailure());
    expect_pcrs(machine, {"direct", "--kernel", kImage}, {"4", "5"});
    EXPECT_EQ(measured({"direct", "--kernel", kImage, "--tdx"}, "rtmrs").at("1"), machine.as_rtmr1());
}

TEST_F(Measure, AnImageThatFirmwareFindsOnADisk) {
    Machine machine({.kernel = "", .disk = kDisk});
    ASSERT_FALSE(HasFailure());
    expect_pcrs(machine, {"uki", kWhole, "--disk", kDisk}, {"4", "5"});
    EXPECT_EQ(measured({"uki", kWhole, "--disk", kDisk, "--tdx"}, "rtmrs").at("1"), machine.as_rtmr1());
    for (const std::string bank : kBanks) {
        const auto document = said_of({"uki", kWhole, "--bank", bank, "--plain-initrd"});
        std::vector<std::string> phases;
        for (auto phase = document.root().find("pcr11")->first(); phase; phase = phase->next())
            phases.emplace_back(phase->find("value")->text());
        ASSERT_EQ(phases.size(), 3U) << "as the stub leaves it, sysinit, ready";
        EXPECT_EQ(phases.front(), machine.logged(bank, 11));
        EXPECT_EQ(phases.back(), machine.pcr(bank, "11"));
    }
}

TEST_F(Measure, AnImageOnADiskWithSecureBoot) {
    Machine machine({.kernel = "", .disk = kDisk, .secure_boot = true});
    ASSERT_FALSE(HasFailure());
    expect_pcrs(machine, {"uki", kWhole, "--disk", kDisk, "--secure-boot"}, {"4", "5"});
    EXPECT_EQ(measured({"uki", kWhole, "--disk", kDisk, "--secure-boot", "--tdx"}, "rtmrs").at("1"),
              machine.as_rtmr1());
    EXPECT_NE(measured({"uki", kWhole}, "pcrs").at("4"), machine.pcr("sha256", "4"));
}

}  // namespace
}  // namespace ct::test
