// SPDX-License-Identifier: Apache-2.0
// What an exchange needs from outside. The adapters are judge_pool.h, vault_minter.h and record_store.h; tests bring their own.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "daemons/gate/core.h"

namespace ct::gate {

class Judge {
public:
    virtual ~Judge() = default;
    // Answers once with Opened, Judged or JudgeFailed, at once or later.
    virtual void ask(const action::Ask& what, std::function<void(Event)> answer) = 0;
    // Nobody asks this one again (Opened::judge, Judged::judge). One that is gone already is as good as ended.
    virtual void end(std::uint64_t judge, const std::string& why) = 0;
};

class Minter {
public:
    virtual ~Minter() = default;
    // Asks for a wrapped token, seals it to the order's key, and answers once with Minted or MintFailed, later.
    virtual void mint(const action::Mint& order, std::function<void(Event)> answer) = 0;
};

class Revoker {
public:
    virtual ~Revoker() = default;
    // Ends a token; one that is gone already is as good as ended. Answers once, later.
    virtual void revoke(const std::string& accessor, std::function<void(Status)> answer) = 0;
};

class Recorder {
public:
    virtual ~Recorder() = default;
    // The record is on stable storage and the audit stream has the verdict when it returns success; otherwise neither
    // holds it. `address` is where the connection came from.
    virtual Status store(const action::Store& what, const std::string& address) = 0;
};

}  // namespace ct::gate
