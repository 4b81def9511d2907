// SPDX-License-Identifier: Apache-2.0
// The processes that look at evidence for the gate, one a core: each has no network, no files and no secret (daemons/judge).
// One that dies takes the question that it was at with it; the others in its queue go to the next. All are of one set of rules:
// the first question by others ends each judge that was given these, so that whoever took one over begins anew.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "attest/protocol/messages.h"
#include "base/fd.h"
#include "base/limits.h"
#include "daemons/gate/backlog.h"
#include "daemons/gate/ports.h"
#include "loop/event.h"

namespace ct::gate {

class JudgePool final : public Judge {
public:
    struct Options {
        std::string program;  // path of cloudtaser-judge
        std::size_t processes = 1;
        Millis verdict_time{limits::kVerdictTime};
        std::size_t most_bytes = 256UZ << 20;  // of questions that wait for an answer, as encoded
    };
    // Starts them; judge_unavailable if one cannot be started. `trouble` hears, in words, when judges die, and "" when all
    // is well again. `deaths` counts them.
    static Result<std::unique_ptr<JudgePool>> start(EventLoop& loop, Options options,
                                                    std::function<void(const std::string&)> trouble,
                                                    std::uint64_t& deaths);
    JudgePool(const JudgePool&) = delete;
    JudgePool& operator=(const JudgePool&) = delete;
    ~JudgePool() override;

    void ask(const action::Ask& what, std::function<void(Event)> answer) override;
    void end(std::uint64_t judge, const std::string& why) override;

    // Gate's own children, for tests.
    [[nodiscard]] std::vector<int> pids() const;

private:
    struct Waiting {
        std::uint64_t id = 0;        // ours
        std::uint64_t question = 0;  // the asker's
        std::shared_ptr<const Rules> rules;
        Bytes message;
        std::uint64_t ends = 0;  // what its judge must have been written before it can answer
        std::function<void(Event)> answer;
    };
    struct Worker {
        int pid = -1;
        std::uint64_t life = 0;  // no other judge's, ever
        Fd socket, process;
        Source io, exit, deadline, again;
        bool has_rules = false;
        Backlog output;
        attest::FrameReader input;
        std::deque<Waiting> waiting;  // the first one is being judged
    };
    JudgePool(EventLoop& loop, Options options, std::function<void(const std::string&)> trouble, std::uint64_t& deaths);

    Status spawn(Worker& worker);
    Status watch(Worker& worker);
    void give(Waiting waiting);
    void fail_one(const Waiting& waiting, const std::string& why);
    void send(Worker& worker, Waiting waiting);
    void on_ready(Worker& worker, std::uint32_t revents);
    void write_some(Worker& worker);
    void read_some(Worker& worker);
    void take(Worker& worker, ByteView message);
    void arm(Worker& worker);
    std::deque<Waiting> replace(Worker& worker, const std::string& why);
    void bury(Worker& worker, const std::string& why);
    void adopt(std::shared_ptr<const Rules> rules);
    void revive(Worker& worker);
    void again_later(Worker& worker, const Error& error);

    EventLoop& loop_;
    Options options_;
    std::function<void(const std::string&)> trouble_;
    std::uint64_t& deaths_;
    std::shared_ptr<const Rules> rules_;
    std::uint64_t next_ = 0, lives_ = 0;
    std::size_t bytes_ = 0;
    std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace ct::gate
