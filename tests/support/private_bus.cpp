// SPDX-License-Identifier: Apache-2.0
#include "support/private_bus.h"

#include <grp.h>
#include <poll.h>
#include <signal.h>  // NOLINT: pidfd_send_signal wants SIG*
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "bus/connection.h"

namespace ct::test {
namespace {

// What /usr/share/dbus-1/system.conf says, in the parts that matter here.
constexpr const char* kSystemPolicy = R"(
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Introspectable"/>
  </policy>
  <policy user="root">
    <allow own="*"/>
  </policy>
)";
constexpr const char* kOpenPolicy = R"(
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow receive_sender="*"/>
  </policy>
)";

std::string configuration(const std::string& folder, const BusSettings& settings) {
    std::string text =
        "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\" "
        "\"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n<busconfig>\n  <type>system</type>\n";
    text += "  <listen>unix:path=" + folder + "/bus</listen>\n  <auth>EXTERNAL</auth>\n  <servicedir>" + folder +
            "/services</servicedir>\n";
    text += settings.policy_folder.empty() ? kOpenPolicy : kSystemPolicy;
    if (!settings.policy_folder.empty()) text += "  <includedir>" + settings.policy_folder + "</includedir>\n";
    return text + "</busconfig>\n";
}

std::string service_file(const Activatable& service) {
    std::string text = "[D-BUS Service]\nName=" + service.name + "\nExec=/usr/bin/env";
    for (const auto& [name, value] : service.environment)
        text += " " + name + "=" + value;
    for (const auto& word : service.argv)
        text += " " + word;
    return text + "\n";
}

constexpr Millis kPatience{20'000};

}  // namespace

std::string built(const std::string& binary) { return CT_BINARY_DIR "/bin/" + binary; }

Result<PrivateBus> PrivateBus::start(const BusSettings& settings) {
    TempDir folder;
    // Other users of the machine connect in the tests of the policy.
    ::chmod(folder.path().c_str(), 0755);
    ::mkdir(folder.file("services").c_str(), 0755);
    const std::string config = folder.write("bus.conf", configuration(folder.path(), settings));
    for (const auto& service : settings.services)
        folder.write("services/" + service.name + ".service", service_file(service));
    std::string address = "unix:path=" + folder.file("bus");
    std::string log_file = folder.write("log", "");

    Launch launch{.argv = {"dbus-daemon", "--config-file=" + config, "--nofork", "--nopidfile", "--print-address=1"}};
    launch.environment["DBUS_SYSTEM_BUS_ADDRESS"] = address;
    for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TMPDIR"})
        if (const char* value = std::getenv(name)) launch.environment[name] = value;
    launch.output = log_file;
    CT_TRY(Child daemon, Child::start(launch));
    if (!wait_for_text(log_file, "unix:path=", daemon, kPatience))
        return fail(Reason::daemon_unavailable,
                    "dbus-daemon did not start: " + read_file(log_file, 1 << 20).value_or(""));
    return PrivateBus(std::move(folder), std::move(address), std::move(log_file), std::move(daemon));
}

std::map<std::string, std::string> PrivateBus::environment() const {
    auto out = Launch{}.environment;
    out["DBUS_SYSTEM_BUS_ADDRESS"] = address_;
    return out;
}

void PrivateBus::adopt() const { ::setenv("DBUS_SYSTEM_BUS_ADDRESS", address_.c_str(), 1); }

std::string PrivateBus::log() const { return read_file(log_file_, 8 << 20).value_or(""); }

int PrivateBus::pid_of(const std::string& name) const {
    adopt();
    auto bus = bus::Connection::open_system("test");
    if (!bus) return 0;
    auto call = bus->new_call({"org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus"},
                              "GetConnectionUnixProcessID");
    if (!call || !call->append(name)) return 0;
    auto reply = bus->call(*call);
    const auto pid = reply ? reply->read<std::uint32_t>() : Result<std::uint32_t>(0U);
    return static_cast<int>(pid.value_or(0));
}

Status PrivateBus::wait_for(const std::string& name) const {
    adopt();
    CT_TRY(auto loop, EventLoop::create());
    CT_TRY(auto bus, bus::Connection::open_system("test"));
    CT_CHECK(bus.attach(loop));
    CT_TRY(const auto changes, bus.subscribe({"org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus"},
                                             "NameOwnerChanged", [](bus::Message&) {}));
    const BootTime end = loop.now() + kPatience;
    while (pid_of(name) == 0) {
        if (loop.now() > end) return fail(Reason::timed_out, "nobody owns " + name);
        CT_TRY(const bool turned, loop.run_once(Millis{100}));
        static_cast<void>(turned);
    }
    return {};
}

Status PrivateBus::kill(const std::string& name, int signal) const {
    const int pid = pid_of(name);
    if (pid == 0) return fail(Reason::daemon_unavailable, name);
    CT_TRY(const Fd pidfd, pidfd_open(pid));
    if (::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0) < 0)
        return fail_errno(Reason::io_failed, "pidfd_send_signal");
    pollfd entry{pidfd.get(), POLLIN, 0};
    if (::poll(&entry, 1, static_cast<int>(kPatience.count())) != 1) return fail(Reason::timed_out, name + " goes on");
    return {};
}

int as_user(unsigned uid, const std::function<int()>& body) {
    const pid_t child = ::fork();
    if (child < 0) return -1;
    if (child == 0) {
        if (::setgroups(0, nullptr) != 0 || ::setresgid(uid, uid, uid) != 0 || ::setresuid(uid, uid, uid) != 0)
            ::_exit(255);
        ::_exit(body());
    }
    int status = 0;
    if (::waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) == 255) return -1;
    return WEXITSTATUS(status);
}

}  // namespace ct::test
