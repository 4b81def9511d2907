// SPDX-License-Identifier: Apache-2.0
// Each attack first succeeds on a program that was started plainly, then fails on one under cloudtaser-run.
#include "support/attackers.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "bus/run/rig.h"

namespace ct::test {
namespace {

constexpr unsigned kNobody = 65534;

class Attackers : public Guarded {
protected:
    static void become_nobody() {
        if (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0) ::_exit(99);
    }
    // A plain program with the secret in its environment, a file with the secret mapped and open.
    TalkingChild plain_victim(const std::function<void()>& before_exec) const {
        return plain({probe(), "hold", "DB_PASSWORD"},
                     {.environment = {{"DB_PASSWORD", secret_}}, .before_exec = before_exec});
    }
    static void expect_all(const std::vector<Loot>& loots, bool saw, const std::vector<std::string>& but = {}) {
        EXPECT_EQ(loots.size(), 7U);
        for (const auto& loot : loots) {
            if (std::ranges::find(but, loot.attack) != but.end()) continue;
            EXPECT_EQ(loot.saw, saw) << loot.attack << ": " << loot.detail;
        }
    }
};

TEST_F(Attackers, RootSeesAPlainProgramsSecretAndNotAGuardedOnes) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    // The two that go by files need a file with the secret: a plain memfd in the descriptor table, mapped.
    const auto with_file = [this] {
        const int fd = ::memfd_create("plain", 0);
        static_cast<void>(::write(fd, secret_.data(), secret_.size()) < 0);
    };
    auto victim = plain_victim(with_file);
    ASSERT_TRUE(victim.line_comes("ready"));
    expect_all(attack(victim.pid(), secret_), true, {"open /proc/PID/map_files"});
    auto guarded_victim = guarded({"/bin/sh", "-c", "exec $PROBE hold DB_PASSWORD"});
    ASSERT_TRUE(guarded_victim.line_comes("ready"));
    expect_all(attack(guarded_victim.pid(), secret_), false);
    guarded_victim.say("\n");
    expect_ok(guarded_victim.end(), secret_ + "\n");
}

TEST_F(Attackers, AnotherProcessOfTheSameUserSeesAPlainProgramsSecretAndNotAGuardedOnes) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to become an ordinary user";
    auto victim = plain_victim([this] {
        const int fd = ::memfd_create("plain", 0);
        static_cast<void>(::write(fd, secret_.data(), secret_.size()) < 0);
        become_nobody();
    });
    ASSERT_TRUE(victim.line_comes("ready"));
    expect_all(attack_as(kNobody, victim.pid(), secret_), true, {"open /proc/PID/map_files"});
    auto guarded_victim = guarded({"/bin/sh", "-c", "exec $PROBE hold DB_PASSWORD"}, {.before_exec = become_nobody});
    ASSERT_TRUE(guarded_victim.line_comes("ready"));
    expect_all(attack_as(kNobody, guarded_victim.pid(), secret_), false);
    guarded_victim.say("\n");
    expect_ok(guarded_victim.end(), secret_ + "\n");
}

TEST_F(Attackers, TheGuardIsNoEasierPrey) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    auto victim = guarded({"/bin/sh", "-c", "exec $PROBE hold DB_PASSWORD"});
    ASSERT_TRUE(victim.line_comes("ready"));
    const int guard = guard_pid();
    ASSERT_NE(guard, 0);
    expect_all(attack(guard, secret_), false);
    victim.say("\n");
    expect_ok(victim.end(), secret_ + "\n");
}

// What memcpy leaves in a vector register can reach a stack by a signal or by the dynamic linker, which saves registers when it
// binds a function at its first call. The guard takes no signals, and libsystemd is linked with -z now.
TEST_F(Attackers, NoSixteenBytesOfTheSecretLieInTheGuardsOrdinaryMemory) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    constexpr std::size_t kRegister = 16;
    const auto places = [&](int pid) {
        std::string found;
        for (std::size_t at = 0; at + kRegister <= secret_.size(); ++at) {
            const auto copies = find_copies(pid, std::string_view(secret_).substr(at, kRegister));
            EXPECT_TRUE(copies) << copies.error().to_string();
            if (copies && !copies->empty()) found += std::to_string(at) + ": " + describe(*copies) + "\n";
        }
        return found;
    };
    auto exposed = plain_victim([] {});
    ASSERT_TRUE(exposed.line_comes("ready"));
    EXPECT_NE(places(exposed.pid()), "");
    // Three images, each armed anew; a copied environment, so that the guard has to read and to know the value again.
    auto victim = guarded({"/bin/sh", "-c", "export DB_PASSWORD; exec /bin/sh -c 'exec $PROBE hold DB_PASSWORD'"});
    ASSERT_TRUE(victim.line_comes("ready"));
    EXPECT_EQ(places(guard_pid()), "");
    victim.say("\n");
    expect_ok(victim.end(), secret_ + "\n");
}

}  // namespace
}  // namespace ct::test
