// SPDX-License-Identifier: Apache-2.0
// The rig itself: what it shows of a machine is what is there.
#include "support/machine.h"

#include <gtest/gtest.h>

namespace ct::test {
namespace {

TEST(Machine, BootsKeepsItsDiskAndSpeaksToItsNeighbour) {
    CT_NEEDS_MACHINES();
    const auto cable = Cable::lay("10.0.0.1/24", "10.0.0.2/24");
    ASSERT_TRUE(cable) << cable.error().to_string();
    const auto first = Machine::make({.name = "first", .network = cable->first(), .hosts = {"10.0.0.2 second"}});
    ASSERT_TRUE(first) << first.error().to_string();
    const auto second = Machine::make({.name = "second", .network = cable->second()});
    ASSERT_TRUE(second) << second.error().to_string();

    EXPECT_EQ((*first)->run({"systemctl", "is-system-running"}).out, "running\n") << (*first)->console();
    EXPECT_EQ((*first)->sh("hostname").out, "first\n");
    const auto failed = (*first)->sh("echo said; echo complained >&2; false; echo not reached");
    EXPECT_EQ(failed.code, 1);
    EXPECT_EQ(failed.out, "said\n");
    EXPECT_EQ(failed.err, "complained\n");
    EXPECT_NE((*first)->run({"sleep", "infinity"}, Millis(100)).code, 0);

    const char* const kSayId =
        "import socket\nline, _ = socket.socket(fileno=3).accept()\nline.sendall(open('/etc/machine-id', 'rb').read())";
    ASSERT_EQ((*second)->run({"systemd-run", "-q", "--socket-property=ListenStream=80", "python3", "-c", kSayId}).code,
              0);
    const auto heard = (*first)->run({"bash", "-c", "cat </dev/tcp/second/80"});
    EXPECT_EQ(heard.out, (*second)->read("/etc/machine-id").value_or("none")) << heard.err;

    ASSERT_TRUE((*first)->write("/var/lib/kept", "kept"));
    ASSERT_TRUE((*first)->write("/run/lost", "lost"));
    const auto boot = (*first)->read("/proc/sys/kernel/random/boot_id");
    ASSERT_TRUE((*first)->power_off());
    const auto again = (*first)->power_on();
    ASSERT_TRUE(again) << again.error().to_string();
    EXPECT_EQ((*first)->read("/var/lib/kept").value_or(""), "kept");
    EXPECT_FALSE((*first)->read("/run/lost"));
    RecordProperty("boot_ms", static_cast<int>((*first)->boot_time().count()));
    std::printf("a machine boots in %d ms\n", static_cast<int>((*first)->boot_time().count()));
}

}  // namespace
}  // namespace ct::test
