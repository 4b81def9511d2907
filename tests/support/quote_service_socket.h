// SPDX-License-Identifier: Apache-2.0
// A simulated quote generation service at a socket, which answers as the test says.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"
#include "support/process.h"

namespace ct::test {

class QuoteServiceSocket {
public:
    struct Script {
        // What goes back, its prefix included, for the report in a question that is none but the right one.
        std::function<Bytes(ByteView report)> answer;
        bool stays = false;  // on the line afterwards: who waits for more waits for ever
        bool drips = false;  // one byte at a time, far too slowly
    };
    static Result<std::unique_ptr<QuoteServiceSocket>> open(Script script);
    QuoteServiceSocket(const QuoteServiceSocket&) = delete;
    QuoteServiceSocket& operator=(const QuoteServiceSocket&) = delete;
    ~QuoteServiceSocket();

    [[nodiscard]] std::string path() const { return folder_.file("qgs"); }

private:
    explicit QuoteServiceSocket(Script script) : script_(std::move(script)) {}
    void serve();
    void answer(const Fd& client);
    TempDir folder_;
    Script script_;  // the thread's
    Fd listener_;
    std::thread thread_;
};

}  // namespace ct::test
