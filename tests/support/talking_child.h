// SPDX-License-Identifier: Apache-2.0
// A program that a test talks with, line by line, while it looks at it from outside. Unlike Child, it starts in circumstances of
// the test's choice and its end is told exactly: exit code or signal.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace ct::test {

class TalkingChild {
public:
    struct Start {
        std::vector<std::string> command = {};
        std::map<std::string, std::string> environment = {};
        std::function<void()> before_exec = [] {};  // in the child; async-signal-safe is not needed: one thread forks
        bool merge_stderr = true;                   // into output(); else the test's own
    };
    static Result<TalkingChild> start(const Start& start);
    TalkingChild(TalkingChild&&) noexcept = default;
    TalkingChild& operator=(TalkingChild&&) = delete;
    ~TalkingChild();  // killed with SIGKILL if it still runs

    [[nodiscard]] int pid() const { return pid_; }
    void say(const std::string& text) const;
    void close_input() { input_.reset(); }
    // Waits until a whole line has come; without its newline. nullopt at the end of the output or after `most`.
    std::optional<std::string> line(Millis most = Millis(60'000));
    // Lines up to one that is exactly this; false when it never comes.
    bool line_comes(std::string_view expected, Millis most = Millis(60'000));

    struct End {
        int code = -1;     // exit code; -1 when killed by a signal
        int signal = 0;    // that killed it; -1: it did not end in time
        std::string rest;  // all output that was not taken as lines
        friend bool operator==(const End&, const End&) = default;
    };
    // Closes its input and waits for its end and that of its output.
    End end(Millis most = Millis(60'000));
    // Waits for the end of the process alone.
    End wait(Millis most = Millis(60'000));

private:
    TalkingChild(int pid, Fd pidfd, Fd input, Fd output)
        : pid_(pid), pidfd_(std::move(pidfd)), input_(std::move(input)), output_(std::move(output)) {}
    bool read_more(Millis most);
    int pid_;
    Fd pidfd_, input_, output_;
    std::string text_;
    std::optional<End> end_;
};

}  // namespace ct::test
