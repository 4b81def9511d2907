// SPDX-License-Identifier: Apache-2.0
// Where in a whole machine does a secret lie? Three secrets are delivered to a program by the packages' daemons, and the
// machine's RAM is searched from its hypervisor, which sees what no kernel of the machine can hide: secret memory, freed
// pages, buffers of the kernel, saved registers. Then its disk, its journal and its bus.
//
// CT_LEAK_ROUNDS (default 5) is how often all of it is done again, with new secrets, under daemons that are killed.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <regex>
#include <set>
#include <sstream>

#include "base/fd.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "rig.h"
#include "secret_scan.h"
#include "support/scan.h"

namespace ct::test {
namespace {

// While the program runs: its own secret page. What secretd keeps for execs in the program's tree is sealed, and its
// sessions outlive it (docs/adr/0012-sessions-outlive-secretd.md).
constexpr std::size_t kCopiesOfALiveSecret = 1;
// The grant's, in secretd's arena, for the next launch. Wrapping tokens are gone when they are opened.
constexpr std::size_t kTokens = 1;

constexpr const char* kNames[] = {"first", "second", "third"};

std::string random_digits() {
    Bytes bytes(40);
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) std::abort();
    return hex_encode(bytes);
}

int rounds() {
    const char* text = std::getenv("CT_LEAK_ROUNDS");  // NOLINT(concurrency-mt-unsafe): one thread
    return text != nullptr ? std::atoi(text) : 5;
}

class Leak : public testing::Test {
protected:
    static void SetUpTestSuite() {
        if (Rig::missing()) return;
        auto rig = Rig::start();
        ASSERT_TRUE(rig) << rig.error().to_string();
        rig_ = std::move(*rig);
        const auto posture = rig_->posture();
        ASSERT_TRUE(posture) << posture.error().to_string();
        ASSERT_TRUE(rig_->allow(*posture));
        // Its first line is written when it listens.
        command(
            "systemd-run -q --unit=bus-monitor -p StandardOutput=append:/var/log/bus.pcap busctl capture --size=1048576\n"
            "tail -F -c +1 /var/log/bus.pcap 2>/dev/null | head -c 24 >/dev/null");
    }
    static void TearDownTestSuite() { rig_.reset(); }

    void SetUp() override {
        if (const auto why = Rig::missing()) GTEST_SKIP() << *why;
        ASSERT_TRUE(rig_) << "the rig did not start";
    }

    static std::string command(const std::string& script) {
        const auto outcome = rig_->machine().run(script, Seconds(120));
        EXPECT_EQ(outcome.code, 0) << script << "\n" << outcome.all();
        return outcome.out;
    }

    // New values, known to OpenBao, this test and nobody else.
    static void rotate_secrets() {
        std::string fields;
        ++generation_;
        for (const char* name : kNames) {
            const std::string value = random_digits();
            scan_.add(std::string(name) + " " + std::to_string(generation_), value);
            fields += std::string(fields.empty() ? "{" : ",") + "\"" + name + "\":\"" + value + "\"";
        }
        rig_->bao().put_kv("payments", fields + "}");
    }

    static void start_program() {
        command(
            "systemd-run -q --unit=payments -p Type=notify -p User=payments "
            "cloudtaser-run --workload payments -- /usr/lib/cloudtaser-test/holder");
    }
    // secretd has heard of the end when it answers.
    static void stop_program() { command("systemctl stop payments; cloudtaserctl sessions"); }
    // Returns when its memory is the kernel's again.
    static void kill_daemon(const std::string& name) {
        command("pid=$(systemctl show -p MainPID --value cloudtaser-" + name +
                "); kill -9 $pid; tail --pid=$pid -s 0.05 -f /dev/null");
    }

    // Every token that OpenBao gave out or took since the last time.
    static void learn_tokens() {
        const std::string log = rig_->bao().audit_log();
        static const std::regex token("\"(?:client_token|token)\":\"([^\"]{20,})\"");
        for (std::sregex_iterator at(log.begin(), log.end(), token), end; at != end; ++at)
            if (tokens_.insert((*at)[1]).second) scan_.add("token " + std::to_string(tokens_.size()), (*at)[1].str());
    }

    // All finds in RAM at this moment. What process they belong to is asked only then, when RAM may change again.
    static std::vector<SecretScan::Find> look_into_ram() {
        learn_tokens();
        const auto paused = rig_->machine().pause();
        return scan_.search(rig_->machine().memory());
    }
    static std::string owners(const std::vector<SecretScan::Find>& finds) {
        std::set<std::size_t> frames_of_finds;
        for (const auto& find : finds)
            frames_of_finds.insert(find.at / 4096);
        std::string frames;
        for (const std::size_t frame : frames_of_finds) {
            std::ostringstream text;
            text << " " << std::hex << frame;
            frames += text.str();
        }
        return finds.empty() ? "" : command("/usr/lib/cloudtaser-test/page_owner" + frames);
    }
    static std::string told(const std::vector<SecretScan::Find>& finds) { return describe(finds) + owners(finds); }

    // `copies` whole ones of each secret of this generation, as they are; none of older ones; no part of any, no other form;
    // the tokens that may be. All of it in secret memory.
    static void expect_in_ram(std::size_t copies, const std::string& when) {
        SCOPED_TRACE(when);
        const auto finds = look_into_ram();
        std::map<std::string, std::size_t> count;
        std::size_t tokens = 0;
        bool whole = true;
        for (const auto& find : finds) {
            whole = whole && find.whole && find.form == "plain";
            ++(find.name.starts_with("token") ? tokens : count[find.name]);
        }
        std::map<std::string, std::size_t> expected;
        for (const char* name : kNames)
            if (copies != 0) expected[std::string(name) + " " + std::to_string(generation_)] = copies;
        if (whole && count == expected && tokens <= kTokens) return;
        ADD_FAILURE() << told(finds);
    }

    inline static std::unique_ptr<Rig> rig_;
    inline static SecretScan scan_;
    inline static std::set<std::string> tokens_;
    inline static int generation_ = 0;
};

TEST(Scan, KnowsASecretInEveryFormAndAnyPartOfIt) {
    const std::string secret = "7f3a9cjk5b1dlm64no17zj90klmno5f6280c4e";
    SecretScan scan;
    scan.add("it", secret);
    const auto forms = [&](const std::string& text) {
        std::string out;
        for (const auto& find : scan.search(as_bytes(text)))
            out += find.form + (find.whole ? "; " : " in part; ");
        return out;
    };
    EXPECT_EQ(forms("nothing" + secret.substr(0, 15)), "");
    EXPECT_EQ(forms("abc" + secret + "def"), "plain; ");
    EXPECT_EQ(forms("abc" + secret.substr(3, 16) + "def"), "plain in part; ");
    EXPECT_EQ(forms(secret + secret), "plain; plain; ");
    EXPECT_EQ(forms(widened(secret, 2)), "UTF-16; ");
    EXPECT_EQ(forms(hex_encode(as_bytes(secret))), "hexadecimal; ");
    EXPECT_EQ(forms(base64_encode(as_bytes(secret))), "base64; ");
    EXPECT_EQ(forms(base64_encode(as_bytes("{" + secret + "}"))), "base64 behind one byte; ");
    EXPECT_EQ(forms(base64_encode(as_bytes("a:" + secret))), "base64 behind two bytes; ");
    EXPECT_EQ(forms("zgW_" + secret.substr(0, 18) + "..." + secret.substr(18)), "plain in part; plain in part; ");
}

TEST_F(Leak, TheScanFindsAMarkerInOrdinaryMemory) {
    const std::string marker = random_digits();
    SecretScan scan;
    scan.add("marker", marker);
    std::string masked = marker;
    for (char& c : masked)
        c = static_cast<char>(c ^ 0xA5);
    command("/usr/lib/cloudtaser-test/marker " + hex_encode(as_bytes(masked)));
    std::vector<SecretScan::Find> finds;
    {
        const auto paused = rig_->machine().pause();
        finds = scan.search(rig_->machine().memory());
    }
    ASSERT_FALSE(finds.empty()) << "a scan that does not find what is there can't say that nothing is";
    EXPECT_TRUE(finds[0].whole) << describe(finds);
    const std::string whose = owners(finds);
    EXPECT_TRUE(whose.contains(" marker ") && whose.contains("[heap]")) << whose;
    command("pkill -x marker");
}

TEST_F(Leak, ASecretLiesOnItsSecretPagesAndNowhereElse) {
    rotate_secrets();
    start_program();
    expect_in_ram(kCopiesOfALiveSecret, "while the program runs");
    std::istringstream whose(owners(look_into_ram()));
    for (std::string line; std::getline(whose, line);) {
        std::cout << "    " << line << "\n";
        EXPECT_TRUE(line.contains("/secretmem")) << line;
        EXPECT_TRUE(line.contains(" holder ") || line.contains(" cloudtaser-secr ")) << line;
    }
    stop_program();
    expect_in_ram(0, "after its end");
}

TEST_F(Leak, NoMoreCopiesHoweverOftenDaemonsDieAndSecretsChange) {
    const char* const daemons[] = {"secretd", "attestd", "identd", "bridge"};
    for (int round = 0; round < rounds() && !HasFailure(); ++round) {
        const std::string daemon = daemons[round % 4];
        SCOPED_TRACE("round " + std::to_string(round) + ", " + daemon + " is killed");
        rotate_secrets();
        start_program();
        expect_in_ram(kCopiesOfALiveSecret, "while the program runs");
        kill_daemon(daemon);
        expect_in_ram(kCopiesOfALiveSecret, "after the kill");
        stop_program();
        expect_in_ram(0, "after its end");
    }
}

TEST_F(Leak, NeitherDiskNorJournalNorBusHasSeenAny) {
    command("systemctl stop bus-monitor; journalctl --sync; journalctl -o export >/var/log/journal.export; sync");
    learn_tokens();
    const auto expect_clean = [](const std::string& what, ByteView bytes, std::string_view proof) {
        EXPECT_TRUE(as_text(bytes).contains(proof)) << what << " does not even have " << proof;
        const auto finds = scan_.search(bytes);
        EXPECT_TRUE(finds.empty()) << what << "\n" << describe(finds);
    };
    expect_clean("bus", as_bytes(command("cat /var/log/bus.pcap")), "OpenSession");
    expect_clean("journal", as_bytes(command("cat /var/log/journal.export")), "secret_delivered");
    const Fd disk(::open(rig_->machine().disk().c_str(), O_RDONLY | O_CLOEXEC));
    const auto size = static_cast<std::size_t>(::lseek(disk.get(), 0, SEEK_END));
    void* mapped = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, disk.get(), 0);
    ASSERT_NE(mapped, MAP_FAILED);
    expect_clean("disk", {static_cast<const std::uint8_t*>(mapped), size}, "OpenSession");
    ::munmap(mapped, size);
}

}  // namespace
}  // namespace ct::test
