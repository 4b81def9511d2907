// SPDX-License-Identifier: Apache-2.0
#include "support/machine.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>  // NOLINT: SIGRTMIN
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <filesystem>

namespace ct::test {
namespace {

namespace fs = std::filesystem;
using Steady = std::chrono::steady_clock;

constexpr Millis kBoot{60'000};      // a busy machine; usually one second
constexpr Millis kShutdown{60'000};  // the same
constexpr std::size_t kMostOutput = 64 << 20;

Status must(const std::vector<std::string>& argv, Millis most = Millis(120'000)) {
    const auto ran = test::run({.argv = argv}, most);
    if (ran.code == 0) return {};
    return fail(Reason::io_failed, argv.front() + ": " + ran.output);
}

Result<Fd> open_read(const std::string& path) {
    Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return fail_errno(Reason::io_failed, path);
    return fd;
}

// A name that our children can open.
std::string name_of(int fd) { return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd); }

Result<Fd> new_network() {
    CT_TRY(const Fd ours, open_read("/proc/self/ns/net"));
    if (::unshare(CLONE_NEWNET) < 0) return fail_errno(Reason::io_failed, "unshare(CLONE_NEWNET)");
    auto made = open_read("/proc/self/ns/net");
    if (::setns(ours.get(), CLONE_NEWNET) < 0) return fail_errno(Reason::io_failed, "setns");
    return made;
}

// The folders of our control group in the hierarchies in which systemd keeps its units: version 2, and the one of version 1
// that is named after it.
std::vector<std::string> our_cgroups() {
    std::vector<std::string> found;
    const std::string text = read_file("/proc/self/cgroup", 1 << 16).value_or("");
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string line = text.substr(at, end - at);
        at = end + 1;
        const std::string path = line.substr(std::min(line.find(':', line.find(':') + 1) + 1, line.size()));
        if (line.starts_with("0::"))
            found.push_back((fs::exists("/sys/fs/cgroup/unified") ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup") +
                            path);
        else if (line.find(":name=systemd:") != std::string::npos)
            found.push_back("/sys/fs/cgroup/systemd" + path);
    }
    return found;
}

void remove_cgroup(const std::string& path) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(path, ignored))
        if (entry.is_directory(ignored)) remove_cgroup(entry.path());
    ::rmdir(path.c_str());
}

std::string with_dollars_doubled(const std::string& word) {
    std::string out;
    for (const char c : word)
        out.append(c == '$' ? 2 : 1, c);
    return out;
}

std::string contents_of(const Fd& file) {
    ::lseek(file.get(), 0, SEEK_SET);
    return read_fd(file.get(), kMostOutput).value_or("");
}

}  // namespace

Result<Cable> Cable::lay(const std::string& first_address, const std::string& second_address) {
    Cable cable;
    CT_TRY(cable.first_, new_network());
    CT_TRY(cable.second_, new_network());
    const auto in = [](const Fd& network, std::vector<std::string> words) {
        words.insert(words.begin(), {"nsenter", "--net=" + name_of(network.get()), "ip"});
        return must(words);
    };
    CT_CHECK(in(cable.first_, {"link", "add", "cable0", "type", "veth", "peer", "name", "cable0", "netns",
                               name_of(cable.second_.get())}));
    for (const auto& [network, address] :
         {std::pair(&cable.first_, &first_address), std::pair(&cable.second_, &second_address)}) {
        CT_CHECK(in(*network, {"address", "add", *address, "dev", "cable0"}));
        CT_CHECK(in(*network, {"link", "set", "cable0", "up"}));
        CT_CHECK(in(*network, {"link", "set", "lo", "up"}));
    }
    return cable;
}

std::optional<std::string> Machine::missing() {
    if (::geteuid() != 0) return "root (machines are booted in containers)";
    for (const char* program : {"/usr/bin/systemd-nspawn", "/usr/bin/mmdebstrap", "/usr/bin/nsenter", "/sbin/ip"})
        if (::access(program, X_OK) != 0) return std::string(program);
    if (our_cgroups().empty()) return "control groups (systemd in a container needs them)";
    if (const auto made = new_network(); !made) return "network namespaces: " + made.error().to_string();
    return std::nullopt;
}

Result<std::unique_ptr<Machine>> Machine::make(const Options& options) {
    std::unique_ptr<Machine> machine(new Machine());
    machine->options_ = options;
    const auto cached = test::run({.argv = {CT_SOURCE_DIR "/tests/rig/make-root", "system"}}, Millis(600'000));
    if (cached.code != 0) return fail(Reason::io_failed, "tests/rig/make-root: " + cached.output);
    // What it said while it made one stands before; the name is the last line.
    std::string from = cached.output.substr(0, cached.output.size() - 1);
    from.erase(0, from.rfind('\n') + 1);
    machine->base_ = from;
    std::string hosts = "127.0.0.1 localhost\n127.0.1.1 " + options.name + "\n";
    for (const auto& line : options.hosts)
        hosts += line + "\n";
    machine->home_.write("hosts", hosts, 0644);
    for (const char* folder : {"root", "written", "work"})
        if (::mkdir(machine->home_.file(folder).c_str(), 0755) < 0) return fail_errno(Reason::io_failed, folder);
    CT_CHECK(machine->power_on());
    return machine;
}

Machine::~Machine() {
    // With its init the kernel ends all that runs in it; the container manager goes by itself then.
    if (container_ && leader_ > 0) {
        ::kill(leader_, SIGKILL);
        static_cast<void>(container_->wait(kShutdown));
    }
    container_.reset();
    for (const auto& cgroup : cgroups_)
        remove_cgroup(cgroup);
}

Status Machine::power_on() {
    const auto started = Steady::now();
    // Each machine has control groups of its own: it would share ours with its neighbours.
    if (cgroups_.empty())
        for (const auto& ours : our_cgroups()) {
            // Named after its folder, and that after ./dev's: whoever finds one left behind knows whose it was.
            const fs::path home(home_.path());
            cgroups_.push_back(ours + "/" + home.parent_path().filename().string() + "." + home.filename().string());
            if (::mkdir(cgroups_.back().c_str(), 0755) < 0) return fail_errno(Reason::io_failed, cgroups_.back());
        }

    const std::string address = home_.file("notify");
    ::unlink(address.c_str());
    const Fd notify(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un where{.sun_family = AF_UNIX, .sun_path = {}};
    if (address.size() >= sizeof(where.sun_path)) return fail(Reason::too_large, address);
    std::ranges::copy(address, std::begin(where.sun_path));
    if (::bind(notify.get(), reinterpret_cast<sockaddr*>(&where), sizeof(where)) < 0)  // NOLINT: the socket API
        return fail_errno(Reason::io_failed, address);

    Launch launch;
    // In a mount namespace of its own, so that the mount ends with it. Where layers can't be had, this is a copy.
    constexpr const char* kStart = R"(
        base=$1 home=$2; shift 2
        while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs"; shift; done; shift
        mkdir -p /run/systemd/nspawn; mount -t tmpfs machine /run/systemd/nspawn # its marks on the host
        mount -t overlay -o "lowerdir=$base,upperdir=$home/written,workdir=$home/work" machine "$home/root" ||
            [ -e "$home/root/etc" ] || cp -a --reflink=auto "$base/." "$home/root/"
        exec "$@")";
    launch.argv = {"unshare", "--mount", "/bin/sh", "-euc", kStart, "sh", base_, home_.path()};
    launch.argv.insert(launch.argv.end(), cgroups_.begin(), cgroups_.end());
    launch.argv.insert(
        launch.argv.end(),
        {"--", "systemd-nspawn", "--quiet", "--boot", "--directory=" + home_.file("root"), "--machine=" + options_.name,
         "--register=no", "--keep-unit", "--link-journal=no", "--resolv-conf=off", "--timezone=off",
         "--notify-ready=yes", "--bind-ro=" + home_.file("hosts") + ":/etc/hosts",
         // Not among those that containers may use by default.
         "--system-call-filter=memfd_secret bpf"});
    launch.argv.push_back(options_.network < 0 ? "--private-network"
                                               : "--network-namespace-path=" + name_of(options_.network));
    for (const auto& [ours, inside] : options_.programs)
        launch.argv.push_back("--bind-ro=" + ours + ":" + inside);
    launch.environment["NOTIFY_SOCKET"] = address;
    launch.output = home_.file("console");
    CT_TRY(container_, Child::start(launch));
    CT_CHECK(wait_until_up(notify.get()));
    boot_time_ = std::chrono::duration_cast<Millis>(Steady::now() - started);
    return {};
}

// The container manager tells its systemd's readiness, and which process that is, as any service would to sd_notify(3).
Status Machine::wait_until_up(int notify_socket) {
    constexpr std::string_view kLeader = "X_NSPAWN_LEADER_PID=";
    const auto deadline = Steady::now() + kBoot;
    for (bool ready = false; !ready;) {
        const auto left = std::chrono::ceil<Millis>(deadline - Steady::now()).count();
        std::array<pollfd, 2> events{pollfd{notify_socket, POLLIN, 0}, pollfd{container_->pidfd(), POLLIN, 0}};
        const int count = ::poll(events.data(), events.size(), static_cast<int>(std::max<std::int64_t>(left, 0)));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0 || events[0].revents == 0)
            return fail(Reason::timed_out, options_.name + " did not boot: " + console());
        std::array<char, 4096> buffer{};
        const ssize_t got = ::recv(notify_socket, buffer.data(), buffer.size(), 0);
        const std::string_view message(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        if (const auto at = message.find(kLeader); at != std::string_view::npos)
            std::from_chars(message.data() + at + kLeader.size(), message.data() + message.size(), leader_);
        ready = message.starts_with("READY=1") || message.find("\nREADY=1") != std::string_view::npos;
    }
    if (leader_ <= 0) return fail(Reason::malformed, "the container manager did not name its init");
    return {};
}

Status Machine::power_off() {
    ::kill(leader_, SIGRTMIN + 4);  // systemd(1): poweroff.target
    if (!container_->wait(kShutdown))
        return fail(Reason::timed_out, options_.name + " did not power off: " + console());
    container_.reset();
    leader_ = -1;
    return {};
}

Machine::Outcome Machine::run(const std::vector<std::string>& argv, Millis most) const {
    const Fd errors(::memfd_create("stderr", MFD_CLOEXEC));
    Launch launch;
    launch.argv = {"nsenter",
                   "--target=" + std::to_string(leader_),
                   "--all",
                   "systemd-run",
                   "--quiet",
                   "--pipe",
                   "--wait",
                   "--collect",
                   "--description=a command of a test",
                   "--service-type=exec",
                   "--property=RuntimeMaxSec=" + std::to_string(most.count()) + "ms",
                   "--setenv=HOME=/root",
                   "--"};
    // systemd replaces variables in arguments (systemd.service(5)): these are meant as they are.
    for (const auto& word : argv)
        launch.argv.push_back(with_dollars_doubled(word));
    launch.fds = {{errors.get(), STDERR_FILENO}};
    auto child = Child::start(launch);
    if (!child) return {-1, "", child.error().to_string()};
    Outcome outcome;
    outcome.out = child->output(most + Millis(5000));
    outcome.code = child->wait(Millis(5000)).value_or(-1);
    outcome.err = contents_of(errors);
    return outcome;
}

Machine::Outcome Machine::sh(const std::string& script, Millis most) const {
    return run({"/bin/sh", "-euc", script}, most);
}

Result<Child> Machine::begin(const std::vector<std::string>& argv) const {
    Launch launch;
    launch.argv = {"nsenter", "--target=" + std::to_string(leader_), "--all", "--"};
    launch.argv.insert(launch.argv.end(), argv.begin(), argv.end());
    return Child::start(launch);
}

Machine::Outcome Machine::enter(const std::string& script, Millis most) const {
    auto child = begin({"/bin/sh", "-euc", "exec 2>&1\n" + script});
    if (!child) return {-1, "", child.error().to_string()};
    Outcome outcome;
    outcome.out = child->output(most);
    outcome.code = child->wait(Millis(5000)).value_or(-1);
    return outcome;
}

std::string Machine::path(const std::string& inside) const {
    return "/proc/" + std::to_string(leader_) + "/root" + inside;
}

Status Machine::copy_in(const std::string& ours, const std::string& inside) const {
    std::error_code error;
    fs::create_directories(fs::path(path(inside)).parent_path(), error);
    fs::copy_file(ours, path(inside), fs::copy_options::overwrite_existing, error);
    if (error) return fail(Reason::io_failed, ours + " to " + inside + ": " + error.message());
    return {};
}

Status Machine::write(const std::string& inside, std::string_view content, unsigned mode) const {
    std::error_code ignored;
    fs::create_directories(fs::path(path(inside)).parent_path(), ignored);
    const Fd file(::open(path(inside).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    if (!file) return fail_errno(Reason::io_failed, inside);
    return write_all(file.get(), content.data(), content.size());
}

Result<std::string> Machine::read(const std::string& inside) const { return read_file(path(inside), kMostOutput); }

std::string Machine::console() const { return read_file(home_.file("console"), kMostOutput).value_or(""); }

}  // namespace ct::test
