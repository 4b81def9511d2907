// SPDX-License-Identifier: Apache-2.0
// The shipped bus policy on a bus that denies by default, for somebody who is neither root nor one of our users. The test
// owns the names itself: whatever arrives is a hole in the policy.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>

#include "bus/connection.h"
#include "support/private_bus.h"

namespace ct {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kStranger = 65534;

struct Attempt {
    const char* area;
    const char* interface;
    const char* member;
    bool arrives;
};

void PrintTo(const Attempt& attempt, std::ostream* out) {
    *out << attempt.area << " " << attempt.interface << "." << attempt.member;
}

class BusPolicy : public testing::TestWithParam<Attempt> {
protected:
    static Result<bool> arrives(bus::Connection& client, const Attempt& attempt) {
        const std::string area = attempt.area;
        CT_TRY(auto call, client.new_call({"io.cloudtaser." + area, "/x", attempt.interface}, attempt.member));
        const auto reply = client.call(call, 20s);
        // Nothing is served at /x: what got through comes back as unknown.
        return reply || reply.error().reason != Reason::caller_not_allowed;
    }
};

TEST_P(BusPolicy, LetsStrangersDoThisAndNothingElse) {
    if (::getuid() != 0) GTEST_SKIP() << "needs root, to be another user";
    const auto bus = test::PrivateBus::start({.policy_folder = CT_SOURCE_DIR "/dbus/policy"});
    ASSERT_TRUE(bus) << bus.error().to_string();
    bus->adopt();
    auto owner = std::move(*bus::Connection::open_system("owner"));
    ASSERT_TRUE(owner.request_name(std::string("io.cloudtaser.") + GetParam().area));
    auto loop = std::move(*EventLoop::create());
    ASSERT_TRUE(owner.attach(loop));
    const pid_t child = ::fork();
    if (child == 0) {
        ::_exit(test::as_user(kStranger, [&] {
            auto client = bus::Connection::open_system("stranger");
            if (!client) return 2;
            const auto got = arrives(*client, GetParam());
            if (!got) return 3;
            return *got ? 1 : 0;
        }));
    }
    const Fd pidfd = std::move(*pidfd_open(child));
    bool ended = false;
    const auto source = loop.add_pidfd(pidfd.get(), [&] { ended = true; });
    while (!ended)
        ASSERT_TRUE(loop.run_once(30s).value());
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(WEXITSTATUS(status), GetParam().arrives ? 1 : 0) << bus->log();
}

constexpr const char* kProperties = "org.freedesktop.DBus.Properties";
INSTANTIATE_TEST_SUITE_P(
    All, BusPolicy,
    testing::Values(Attempt{"Bridge1", "io.cloudtaser.Bridge1.Manager", "OpenStream", false},
                    Attempt{"Identity1", "io.cloudtaser.Identity1.Manager", "Describe", false},
                    Attempt{"Attest1", "io.cloudtaser.Attest1.Manager", "GetEvidence", false},
                    Attempt{"Attest1", "io.cloudtaser.Attest1.Manager", "Introduce", false},
                    Attempt{"Secret1", "io.cloudtaser.Secret1.Manager", "OpenSession", true},
                    Attempt{"Gate1", "io.cloudtaser.Gate1.Manager", "ListNodes", true},
                    Attempt{"Secret1", "io.cloudtaser.Daemon1", "Reload", true},
                    Attempt{"Bridge1", kProperties, "Get", true}, Attempt{"Bridge1", kProperties, "GetAll", true},
                    Attempt{"Bridge1", kProperties, "Set", false}, Attempt{"Gate1", kProperties, "Set", false},
                    Attempt{"Secret1", kProperties, "Set", false}, Attempt{"Attest1", kProperties, "Set", false},
                    Attempt{"Identity1", kProperties, "Set", false},
                    Attempt{"Bridge1", "org.freedesktop.DBus.Introspectable", "Introspect", true},
                    Attempt{"Bridge1", "com.example.Anything", "Else", false},
                    Attempt{"Secret1", "io.cloudtaser.Secret1.Session", "Fetch", false}));

TEST(BusPolicyNames, NobodyElseMayOwnThem) {
    if (::getuid() != 0) GTEST_SKIP() << "needs root, to be another user";
    const auto bus = test::PrivateBus::start({.policy_folder = CT_SOURCE_DIR "/dbus/policy"});
    ASSERT_TRUE(bus) << bus.error().to_string();
    bus->adopt();
    for (const char* area : {"Secret1", "Bridge1", "Identity1", "Attest1", "Gate1"}) {
        const int code = test::as_user(kStranger, [&] {
            auto client = bus::Connection::open_system("stranger");
            if (!client) return 2;
            return client->request_name(std::string("io.cloudtaser.") + area) ? 1 : 0;
        });
        EXPECT_EQ(code, 0) << area;
    }
}

}  // namespace
}  // namespace ct
