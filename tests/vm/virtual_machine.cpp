// SPDX-License-Identifier: Apache-2.0
#include "virtual_machine.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>  // NOLINT: SIGSTOP
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>

#include "codec/base64.h"

namespace ct::test {
namespace {

using Steady = std::chrono::steady_clock;

constexpr const char* kImages = CT_SOURCE_DIR "/.cache/vm/";
constexpr const char* kFirmware = "/usr/share/OVMF/OVMF_CODE_4M.fd";
constexpr const char* kFirmwareVariables = "/usr/share/OVMF/OVMF_VARS_4M.fd";
constexpr const char* kSecureFirmware = "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd";
constexpr const char* kSecureVariables = "/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd";
constexpr Millis kBoot{180'000}, kBootWithKvm{30'000}, kShutDown{90'000};
constexpr int kTries = 3;
constexpr std::size_t kLongestAnswer = 256 << 20;

// Some machines have the device and a KVM that can't run firmware: the first boot finds out.
bool kvm_works = ::access("/dev/kvm", R_OK | W_OK) == 0;

Status copy(const std::string& from, const std::string& to) {
    const auto copied = run({.argv = {"cp", "--sparse=always", from, to}});
    if (copied.code != 0) return fail(Reason::io_failed, copied.output);
    return {};
}

}  // namespace

std::optional<std::string> VirtualMachine::missing() {
    if (::geteuid() != 0) return "root (the image is made with chroot)";
    for (const char* file : {"/usr/bin/qemu-system-x86_64", "/usr/bin/swtpm", "/usr/bin/swtpm_setup", kFirmware,
                             CT_SOURCE_DIR "/.cache/vm/made"})
        if (::access(file, F_OK) != 0) return file;
    return std::nullopt;
}

std::string VirtualMachine::made(const std::string& name) { return kImages + name; }

Result<std::unique_ptr<VirtualMachine>> VirtualMachine::make(const std::string& pcr_banks) {
    std::unique_ptr<VirtualMachine> out(new VirtualMachine);
    CT_CHECK(copy(made("disk.img"), out->disk()));
    CT_CHECK(copy(kFirmwareVariables, out->folder_.file("variables.fd")));
    CT_CHECK(copy(kSecureVariables, out->folder_.file("secure-variables.fd")));
    // Firmware measures into each bank that is on, and an emulated processor hashes slowly.
    const auto manufactured =
        test::run({.argv = {"swtpm_setup", "--tpm2", "--tpmstate", out->folder_.path(), "--pcr-banks", pcr_banks}});
    if (manufactured.code != 0) return fail(Reason::io_failed, "swtpm_setup: " + manufactured.output);
    return out;
}

VirtualMachine::~VirtualMachine() {
    stop();
    if (!memory_.empty()) ::munmap(memory_.data(), memory_.size());
}

void VirtualMachine::stop() {
    machine_.reset();
    tpm_.reset();
    channel_.reset();
    errors_.reset();
    received_.clear();
    complaints_.clear();
}

VirtualMachine::Pause::Pause(const Child& machine) : machine_(machine) {
    machine_.signal(SIGSTOP);
    // Until the last of its processors stands still.
    siginfo_t info{};
    static_cast<void>(::waitid(P_PIDFD, static_cast<id_t>(machine_.pidfd()), &info, WSTOPPED));
}

VirtualMachine::Pause::~Pause() { machine_.signal(SIGCONT); }

Status VirtualMachine::start_tpm(int qemu_end) {
    Launch launch;
    launch.argv = {
        "swtpm",     "socket",     "--tpm2", "--tpmstate", "dir=" + folder_.path(), "--ctrl", "type=unixio,clientfd=3",
        "--seccomp", "action=none"};
    launch.output = folder_.file("tpm.log");
    launch.fds = {{qemu_end, 3}};
    CT_TRY(tpm_, Child::start(launch));
    return {};
}

Status VirtualMachine::start(const Start& what) {
    stop();
    if (!memory_.empty()) ::munmap(memory_.data(), memory_.size());
    memory_ = {};
    const Fd ram(::memfd_create("ram", MFD_CLOEXEC));
    if (!ram || ::ftruncate(ram.get(), static_cast<off_t>(what.memory)) != 0)
        return fail_errno(Reason::io_failed, "memfd_create");
    void* mapped = ::mmap(nullptr, what.memory, PROT_READ | PROT_WRITE, MAP_SHARED, ram.get(), 0);
    if (mapped == MAP_FAILED) return fail_errno(Reason::io_failed, "mmap");
    memory_ = {static_cast<std::uint8_t*>(mapped), what.memory};

    CT_TRY(auto control, socket_pair());
    CT_CHECK(start_tpm(control.theirs.get()));
    CT_TRY(auto channel, socket_pair());
    channel_ = std::move(channel.ours);
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) < 0) return fail_errno(Reason::io_failed, "pipe");
    errors_ = Fd(pipe[0]);
    const Fd errors_end(pipe[1]);

    const auto file = [&](const std::string& name) { return "file=" + folder_.file(name); };
    Launch launch;
    launch.argv = {
        "qemu-system-x86_64",
        "-nodefaults",
        "-no-user-config",
        "-display",
        "none",
        "-no-reboot",
        "-accel",
        kvm_works ? "kvm" : "tcg,thread=multi",
        "-machine",
        std::string("q35,memory-backend=ram,smm=") + (what.secure_boot ? "on" : "off"),
        "-cpu",
        "max",
        "-smp",
        "2",
        "-m",
        std::to_string(what.memory >> 20),
        "-object",
        "memory-backend-file,id=ram,share=on,mem-path=/proc/self/fd/3,size=" + std::to_string(what.memory),
        "-drive",
        std::string("if=pflash,format=raw,readonly=on,file=") + (what.secure_boot ? kSecureFirmware : kFirmware),
        "-drive",
        "if=pflash,format=raw," + file(what.secure_boot ? "secure-variables.fd" : "variables.fd"),
        "-drive",
        "if=virtio,format=raw," + file("disk.img"),
        "-netdev",
        "user,id=net",
        "-device",
        "virtio-net-pci,netdev=net,romfile=",
        "-chardev",
        "socket,id=tpm,fd=4",
        "-tpmdev",
        "emulator,id=tpm,chardev=tpm",
        "-device",
        "tpm-crb,tpmdev=tpm",
        "-chardev",
        "socket,id=channel,fd=5",
        "-device",
        "virtio-serial",
        "-device",
        "virtserialport,chardev=channel,name=cloudtaser.test",
        "-serial",
        "file:" + folder_.file("console.log")};
    const auto more = [&](std::initializer_list<std::string> words) { launch.argv.insert(launch.argv.end(), words); };
    if (what.secure_boot)
        more({"-global", "driver=cfi.pflash01,property=secure,value=on", "-global", "ICH9-LPC.disable_s3=1"});
    if (!what.kernel.empty()) more({"-kernel", what.kernel, "-append", what.command_line});
    if (!what.initrd.empty()) more({"-initrd", what.initrd});
    if (!what.disk.empty())
        more({"-drive", "if=none,id=first,format=raw,readonly=on,file=" + what.disk, "-device", "virtio-scsi-pci",
              "-device", "scsi-hd,drive=first,bootindex=0"});
    launch.fds = {{ram.get(), 3}, {control.ours.get(), 4}, {channel.theirs.get(), 5}, {errors_end.get(), 2}};
    CT_TRY(machine_, Child::start(launch));
    return {};
}

Result<std::string> VirtualMachine::line(Millis most) {
    const auto deadline = Steady::now() + most;
    std::array<char, 65536> buffer{};
    std::size_t searched = 0;
    for (;;) {
        if (const auto end = received_.find('\n', searched); end != std::string::npos) {
            std::string out = received_.substr(0, end);
            received_.erase(0, end + 1);
            return out;
        }
        searched = received_.size();
        if (searched > kLongestAnswer) return fail(Reason::too_large, "the machine's answer");
        std::array<pollfd, 2> ready{{{channel_.get(), POLLIN, 0}, {errors_.get(), POLLIN, 0}}};
        const auto left = std::chrono::ceil<Millis>(deadline - Steady::now()).count();
        const int count = left <= 0 ? 0 : ::poll(ready.data(), ready.size(), static_cast<int>(left));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return fail(Reason::timed_out, "the machine says nothing");
        if (ready[1].revents != 0) {
            const ssize_t got = ::read(errors_.get(), buffer.data(), buffer.size());
            if (got <= 0) return fail(Reason::io_failed, "the machine ended: " + complaints_);
            complaints_.append(buffer.data(), static_cast<std::size_t>(got));
            if (complaints_.contains("KVM internal error")) return fail(Reason::io_failed, complaints_);
        }
        if (ready[0].revents != 0) {
            const ssize_t got = ::read(channel_.get(), buffer.data(), buffer.size());
            if (got <= 0) return fail(Reason::io_failed, "the machine closed its channel: " + complaints_);
            received_.append(buffer.data(), static_cast<std::size_t>(got));
        }
    }
}

Status VirtualMachine::boot(const Start& what) {
    Error last;
    for (int tries = 0; tries < kTries; ++tries) {
        const bool with_kvm = kvm_works;
        CT_CHECK(start(what));
        const auto ready = line(with_kvm ? kBootWithKvm : kBoot);
        if (ready && *ready == "ready") return {};
        if (with_kvm) kvm_works = false;
        last = ready ? Error{Reason::io_failed, "not ready but: " + *ready, 0} : ready.error();
        last.context +=
            "\nconsole: " + console().substr(console().size() - std::min<std::size_t>(console().size(), 2000));
        stop();
    }
    return std::unexpected(last);
}

Status VirtualMachine::power_off() {
    run("systemctl poweroff --no-block");
    const bool ended = machine_->wait(kShutDown).has_value();
    stop();
    if (!ended) return fail(Reason::timed_out, "the machine does not shut down");
    return {};
}

VirtualMachine::Outcome VirtualMachine::run(const std::string& script, Seconds most) {
    Outcome outcome;
    const auto give_up = [&](const std::string& why) {
        outcome.err = why;
        return outcome;
    };
    if (!machine_) return give_up("the machine is off");
    const std::string request = base64_encode(as_bytes(script)) + "\n";
    if (const auto sent = write_all(channel_.get(), request.data(), request.size()); !sent)
        return give_up(sent.error().to_string());
    const auto answer = line(most);
    if (!answer) return give_up(answer.error().to_string() + " (" + script + ")");
    const auto first = answer->find(" ."), second = answer->rfind(" .");
    if (first == second) return give_up("no answer but: " + *answer);
    const auto text = [&](std::size_t from, std::size_t to) {
        const auto bytes = base64_decode(std::string_view(*answer).substr(from, to - from), kLongestAnswer);
        return bytes ? std::string(as_text(*bytes)) : "not base64";
    };
    outcome.code = std::stoi(*answer);
    outcome.out = text(first + 2, second);
    outcome.err = text(second + 2, answer->size());
    return outcome;
}

std::string VirtualMachine::console() const { return read_file(folder_.file("console.log"), 16 << 20).value_or(""); }

}  // namespace ct::test
