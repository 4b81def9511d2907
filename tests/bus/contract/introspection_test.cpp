// SPDX-License-Identifier: Apache-2.0
// dbus/interfaces/*.xml is the contract: what the daemons serve must be that, argument for argument.
#include "support/introspection.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "bus/connection.h"
#include "support/world.h"

namespace ct {
namespace {

using namespace std::chrono_literals;
using test::interfaces_of;
using test::members_of;

std::string contract(const std::string& area) {
    return read_file(CT_SOURCE_DIR "/dbus/interfaces/io.cloudtaser." + area + ".xml", 1 << 20).value_or("");
}

std::string introspect(bus::Connection& bus, const std::string& service, const std::string& path) {
    auto call = bus.new_call({service, path, "org.freedesktop.DBus.Introspectable"}, "Introspect");
    EXPECT_TRUE(call);
    auto reply = bus.call(*call, 30s);
    EXPECT_TRUE(reply) << service << ": " << reply.error().to_string();
    return reply ? reply->read<std::string>().value() : "";
}

std::vector<std::string> ours(const std::string& xml) {
    auto names = interfaces_of(xml);
    std::erase_if(names, [](const std::string& name) { return !name.starts_with("io.cloudtaser."); });
    return names;
}

TEST(Introspection, IsReadAsItIsWritten) {
    const char* const xml = R"(<!DOCTYPE node PUBLIC "-//x" "y">
<node><!-- <interface name="io.commented.out"/> -->
 <interface name="a.B">
  <method name="M">
   <arg type="s" name="x" direction="in"/><arg type="u" direction="out" name="y"/>
  </method>
  <method name="Empty"/>
  <property name="P" type="s" access="read"/>
  <property name="Q" type="t" access="readwrite"><annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/></property>
  <signal name="S"><arg type="o" name="path"/></signal>
 </interface>
 <interface name="c.D"><method name="Other"/></interface>
</node>)";
    EXPECT_EQ(interfaces_of(xml), (std::vector<std::string>{"a.B", "c.D"}));
    EXPECT_EQ(
        members_of(xml, "a.B"),
        (std::vector<std::string>{"method Empty() -> ()", "method M(s x) -> (u y)", "property P s read, changes true",
                                  "property Q t readwrite, changes const", "signal S(o path)"}));
    EXPECT_EQ(members_of(xml, "c.D"), (std::vector<std::string>{"method Other() -> ()"}));
    EXPECT_TRUE(members_of(xml, "e.F").empty());
}

TEST(Contract, EveryDaemonServesWhatItsXmlSays) {
    CT_NEEDS_WORLD();
    const auto world = test::World::start();
    ASSERT_TRUE(world) << world.error().to_string();
    (*world)->bus().adopt();
    auto bus = std::move(*bus::Connection::open_system("contract"));
    const std::string common = contract("Daemon1");
    for (const char* area : {"Secret1", "Bridge1", "Identity1", "Attest1", "Gate1"}) {
        SCOPED_TRACE(area);
        const std::string name = std::string("io.cloudtaser.") + area;
        const std::string written = contract(area);
        const std::string served = introspect(bus, name, std::string("/io/cloudtaser/") + area);
        auto wanted = ours(written);
        std::erase(wanted, "io.cloudtaser.Secret1.Session");  // on a session's line, see below
        wanted.insert(wanted.begin(), "io.cloudtaser.Daemon1");
        std::ranges::sort(wanted);
        EXPECT_EQ(ours(served), wanted);
        for (const auto& interface : wanted) {
            const auto& xml = interface == "io.cloudtaser.Daemon1" ? common : written;
            EXPECT_FALSE(members_of(xml, interface).empty()) << interface;
            EXPECT_EQ(members_of(served, interface), members_of(xml, interface)) << interface;
        }
        const std::string log_control = introspect(bus, name, "/org/freedesktop/LogControl1");
        EXPECT_EQ(members_of(log_control, "org.freedesktop.LogControl1"),
                  (std::vector<std::string>{"property LogLevel s readwrite, changes false",
                                            "property LogTarget s readwrite, changes false",
                                            "property SyslogIdentifier s read, changes false"}));
    }
}

TEST(Contract, ASessionsLineServesWhatItsXmlSays) {
    CT_NEEDS_WORLD();
    const auto world = test::World::start();
    ASSERT_TRUE(world) << world.error().to_string();
    (*world)->bao().put_kv("payments", R"({"password":"correct horse"})");
    (*world)->map("DB_PASSWORD", "kv/payments#password");
    (*world)->bus().adopt();
    auto bus = std::move(*bus::Connection::open_system("contract"));
    auto call = bus.new_call({"io.cloudtaser.Secret1", "/io/cloudtaser/Secret1", "io.cloudtaser.Secret1.Manager"},
                             "OpenSession");
    ASSERT_TRUE(call && call->append("payments") && call->append(*pidfd_open(::getpid())) &&
                bus::append_options(*call, {}));
    auto reply = bus.call(*call, 30s);
    ASSERT_TRUE(reply) << reply.error().to_string() << (*world)->bus().log();
    ASSERT_TRUE(reply->read<bus::ObjectPath>());
    auto socket = reply->read<Fd>();
    ASSERT_TRUE(socket);
    auto line = bus::Connection::open_peer(std::move(*socket));
    ASSERT_TRUE(line);
    const std::string served = introspect(*line, "", "/io/cloudtaser/Secret1/session");
    EXPECT_EQ(ours(served), (std::vector<std::string>{"io.cloudtaser.Secret1.Session"}));
    EXPECT_EQ(members_of(served, "io.cloudtaser.Secret1.Session"),
              members_of(contract("Secret1"), "io.cloudtaser.Secret1.Session"));
}

}  // namespace
}  // namespace ct
