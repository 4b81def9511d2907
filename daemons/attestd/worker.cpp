// SPDX-License-Identifier: Apache-2.0
#include "daemons/attestd/worker.h"

#include <pthread.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): pthread_sigmask
#include <sys/eventfd.h>
#include <unistd.h>

namespace ct::attestd {

Result<std::unique_ptr<Worker>> Worker::start(EventLoop& loop) {
    std::unique_ptr<Worker> worker(new Worker);
    worker->done_ = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!worker->done_) return fail_errno(Reason::io_failed, "eventfd");
    CT_TRY(worker->source_,
           loop.add_io(worker->done_.get(), EPOLLIN, [self = worker.get()](std::uint32_t) { self->complete(); }));
    // The thread takes no signals: they belong to the loop.
    sigset_t all, before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    worker->thread_ = std::thread([self = worker.get()] { self->run(); });
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return worker;
}

Worker::~Worker() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        jobs_.clear();
    }
    wake_.notify_one();
    thread_.join();
}

void Worker::post(Job job) {
    {
        const std::lock_guard lock(mutex_);
        jobs_.push_back(std::move(job));
    }
    wake_.notify_one();
}

void Worker::run() {
    while (true) {
        Job job;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
            if (stopping_) return;
            job = std::move(jobs_.front());
            jobs_.pop_front();
        }
        Completion completion = job();
        job = nullptr;  // what it holds ends here and not in the loop
        {
            const std::lock_guard lock(mutex_);
            completions_.push_back(std::move(completion));
        }
        const std::uint64_t one = 1;
        // Fails only when 2^64-2 completions wait.
        [[maybe_unused]] const ssize_t written = ::write(done_.get(), &one, sizeof(one));
    }
}

void Worker::complete() {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(done_.get(), &count, sizeof(count));
    std::deque<Completion> ready;
    {
        const std::lock_guard lock(mutex_);
        ready.swap(completions_);
    }
    for (const Completion& completion : ready) {
        if (completion) completion();
    }
}

}  // namespace ct::attestd
