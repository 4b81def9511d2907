// SPDX-License-Identifier: Apache-2.0
// A whole machine of one's own: firmware that measures, a TPM, a disk with our packages, and RAM that lies in a mapping of
// the test, which so sees what the owner of a hypervisor sees. Emulated where there is no KVM: a boot takes half a minute.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "support/process.h"

namespace ct::test {

class VirtualMachine {
public:
    // memfd_secret has to be asked for on the kernel of Debian 12.
    static constexpr const char* kCommandLine = "console=ttyS0 panic=-1 root=/dev/vda rw quiet secretmem.enable=1";
    static constexpr std::size_t kMemory = 512 << 20;

    // What this machine lacks to have it, in words for GTEST_SKIP.
    static std::optional<std::string> missing();
    // With a disk and a TPM fresh from the factory, switched off.
    static Result<std::unique_ptr<VirtualMachine>> make(const std::string& pcr_banks = "sha256");
    VirtualMachine(const VirtualMachine&) = delete;
    VirtualMachine& operator=(const VirtualMachine&) = delete;
    ~VirtualMachine();

    // What make-image put beside the disk, by its name.
    static std::string made(const std::string& name);
    // What firmware starts. By default kernel and initrd behind systemd's stub, handed over by QEMU.
    struct Start {
        std::string command_line = kCommandLine;
        std::string kernel = made("boot.efi");  // empty: firmware finds one on `disk`
        std::string initrd = {};
        std::string disk = {};
        std::size_t memory = kMemory;
        bool secure_boot = false;  // with the keys that Debian's firmware has for tests
    };
    // Returns when it takes commands. A boot that dies before that is tried again.
    Status boot(const std::string& command_line = kCommandLine) { return boot(Start{.command_line = command_line}); }
    Status boot(const Start& what);
    // An orderly end; disk and TPM stay.
    Status power_off();

    struct Outcome {
        int code = -1;
        std::string out, err;
        [[nodiscard]] std::string all() const { return out + err; }
    };
    // Runs a script of sh(1) as root. Never put a secret into it: it passes through the machine's ordinary memory.
    Outcome run(const std::string& script, Seconds most = Seconds(60));

    // Stops the clock for as long as the object lives, so that RAM does not change under a reader.
    class Pause {
    public:
        explicit Pause(const Child& machine);
        ~Pause();
        Pause(const Pause&) = delete;
        Pause& operator=(const Pause&) = delete;

    private:
        const Child& machine_;
    };
    [[nodiscard]] Pause pause() const { return Pause(*machine_); }
    // Its RAM by physical address, live. Of the last boot.
    [[nodiscard]] ByteView memory() const { return memory_; }
    [[nodiscard]] std::string disk() const { return folder_.file("disk.img"); }
    [[nodiscard]] std::string console() const;

private:
    VirtualMachine() = default;
    Status start(const Start& what);
    Status start_tpm(int qemu_end);
    void stop();
    // The next line of the channel; an error if the machine ends or fails before.
    Result<std::string> line(Millis most);

    TempDir folder_;
    MutableBytes memory_;
    Fd channel_, errors_;
    std::string received_, complaints_;
    std::optional<Child> tpm_, machine_;
};

}  // namespace ct::test
