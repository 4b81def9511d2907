// SPDX-License-Identifier: Apache-2.0
// A Debian 12 machine of one's own: the root file system that tests/rig/make-root keeps, under a layer that takes what it
// writes, booted by systemd in a container of this kernel. It is up in a second, and gone with its disk when the object
// ends or the test is killed.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "support/process.h"

namespace ct::test {

// Two network namespaces with a cable between them. Each end is an interface "cable0" with the address that is given, such
// as "10.0.0.1/24"; both outlive the machines at them, as cables do.
class Cable {
public:
    static Result<Cable> lay(const std::string& first_address, const std::string& second_address);
    [[nodiscard]] int first() const { return first_.get(); }
    [[nodiscard]] int second() const { return second_.get(); }

private:
    Fd first_, second_;
};

class Machine {
public:
    struct Options {
        std::string name = "machine";         // its host name
        int network = -1;                     // an end of a Cable; -1: a loopback of its own and nothing else
        std::vector<std::string> hosts = {};  // lines for /etc/hosts
        std::vector<std::pair<std::string, std::string>> programs = {};  // {ours, path in it}: shared, read-only
    };
    struct Outcome {
        int code = -1;  // exit status; 255 if a signal ended it; -1 if it did not end in time
        std::string out, err;
        [[nodiscard]] std::string all() const { return out + err; }
    };

    // What this machine lacks to have others in it, in words for GTEST_SKIP.
    static std::optional<std::string> missing();
    // A machine that has finished its boot.
    static Result<std::unique_ptr<Machine>> make(const Options& options);
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;
    ~Machine();

    // Runs a command as root in a service of its own (a clean environment, HOME=/root), and waits for its end.
    [[nodiscard]] Outcome run(const std::vector<std::string>& argv, Millis most = Millis(60'000)) const;
    // The same for a script of sh(1) that stops at the first command that fails.
    [[nodiscard]] Outcome sh(const std::string& script, Millis most = Millis(60'000)) const;

    // A command that needs neither its service manager nor its bus, for when these are what is at fault: a process of ours
    // that enters the machine's namespaces. begin() does not wait for it.
    [[nodiscard]] Outcome enter(const std::string& script, Millis most = Millis(60'000)) const;
    [[nodiscard]] Result<Child> begin(const std::vector<std::string>& argv) const;

    // Its files, as /proc shows them: also those on its /run and /tmp. It must be up.
    [[nodiscard]] std::string path(const std::string& inside) const;
    [[nodiscard]] Status copy_in(const std::string& ours, const std::string& inside) const;
    [[nodiscard]] Status write(const std::string& inside, std::string_view content, unsigned mode = 0644) const;
    [[nodiscard]] Result<std::string> read(const std::string& inside) const;

    Status power_off();  // as its power button would: services are stopped, disks stay
    Status power_on();   // from the same disk; waits for the end of the boot
    [[nodiscard]] Millis boot_time() const { return boot_time_; }
    [[nodiscard]] std::string console() const;

private:
    Machine() = default;
    Status wait_until_up(int notify_socket);

    Options options_;
    TempDir home_;
    std::string base_;                  // what it shares with all others
    std::vector<std::string> cgroups_;  // of its own, one a hierarchy
    std::optional<Child> container_;
    int leader_ = -1;  // its init
    Millis boot_time_{0};
};

#define CT_NEEDS_MACHINES()                                                                                            \
    do {                                                                                                               \
        if (const auto why = ::ct::test::Machine::missing()) GTEST_SKIP() << *why;                                     \
    } while (false)

}  // namespace ct::test
