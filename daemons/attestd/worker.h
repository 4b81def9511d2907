// SPDX-License-Identifier: Apache-2.0
// One thread beside the loop: a TPM command may take seconds, and the loop must go on answering the bus and the watchdog.
// Everything that touches a device runs here, one job after the other; everything else runs in the loop.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "base/fd.h"
#include "base/result.h"
#include "loop/event.h"

namespace ct::attestd {

class Worker {
public:
    using Completion = std::function<void()>;  // runs in the loop; may be empty
    using Job = std::function<Completion()>;   // runs on the thread

    static Result<std::unique_ptr<Worker>> start(EventLoop& loop);
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    // Waits for the job that is running; jobs that have not begun are dropped, and so are completions.
    ~Worker();

    void post(Job job);

private:
    Worker() = default;
    void run();
    void complete();

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Job> jobs_;                // guarded
    std::deque<Completion> completions_;  // guarded
    bool stopping_ = false;               // guarded
    Fd done_;                             // eventfd: completions wait
    Source source_;
    std::thread thread_;
};

}  // namespace ct::attestd
