// SPDX-License-Identifier: Apache-2.0
// Programs that a test starts. Nothing outlives the test: children die with it, directories are removed.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace ct::test {

// A fresh directory (mode 0700) under $TMPDIR or /tmp, removed with its content.
class TempDir {
public:
    TempDir();
    TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    TempDir& operator=(TempDir&& other) noexcept {
        std::swap(path_, other.path_);
        return *this;
    }
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    ~TempDir();
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }
    // Writes the file and returns its path.
    std::string write(const std::string& name, std::string_view content, unsigned mode = 0600) const;

private:
    std::string path_;
};

// A TCP port on 127.0.0.1 that is free now, and the `more` ports behind it as well.
std::uint16_t free_port(int more = 0);

struct Launch {
    std::vector<std::string> argv;  // argv[0] is the path, or a name to be found in PATH
    // The whole environment: nothing is inherited.
    std::map<std::string, std::string> environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}};
    std::string directory = {};                 // working directory; empty: ours
    std::string output = {};                    // file that takes stdout and stderr; empty: a pipe, see Child::output()
    std::string input = {};                     // file for stdin; empty: /dev/null
    std::vector<std::pair<int, int>> fds = {};  // {ours, number in the child}: kept open over exec
};

class Child {
public:
    static Result<Child> start(const Launch& launch);
    Child(Child&&) noexcept = default;
    Child& operator=(Child&& other) noexcept;
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child();  // SIGKILL if it still runs

    [[nodiscard]] int pid() const { return pid_; }
    [[nodiscard]] int pidfd() const { return pidfd_.get(); }
    // The exit code, or 128 + signal, once it has ended; nullopt when it still runs after `most`.
    std::optional<int> wait(Millis most);
    void signal(int number) const;
    // SIGTERM, then SIGKILL after `most`; the exit code as wait().
    int stop(Millis most = Millis(10'000));
    // All that it wrote into the pipe until it closed it, for at most `most`.
    std::string output(Millis most);

private:
    Child(int pid, Fd pidfd, Fd pipe) : pid_(pid), pidfd_(std::move(pidfd)), pipe_(std::move(pipe)) {}
    int pid_ = -1;
    Fd pidfd_, pipe_;
    std::optional<int> status_;
};

// Runs to the end and gives exit code and output; code -1 if it did not start or was killed after `most`.
struct Ran {
    int code = -1;
    std::string output;
};
Ran run(const Launch& launch, Millis most = Millis(30'000));

// Waits, by inotify, until `file` (made before) contains `text`; also returns (false) when the process ends or after
// `most`. `from` is the offset to start at.
bool wait_for_text(const std::string& file, std::string_view text, const Child& child, Millis most,
                   std::size_t from = 0);

}  // namespace ct::test
