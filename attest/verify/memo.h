// SPDX-License-Identifier: Apache-2.0
// What cannot have changed is not looked at twice: certificates that were parsed, signatures of makers that have verified. Each
// entry is a function of the bytes under whose SHA-256 it lies, so it is true for ever, whatever certificate, list or bundle comes
// next; what depends on the time is never in it. A verdict is the same with a memo and without one.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <list>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest {

// For one thread.
class Memo {
public:
    // Entries; those longest unused go first.
    explicit Memo(std::size_t most = 4096) : most_(most) {}

    // Of what lies under `key`, which its kind of thing is part of.
    std::shared_ptr<const void> find(const Sha256& key);
    void keep(const Sha256& key, std::shared_ptr<const void> what);
    [[nodiscard]] std::size_t size() const { return order_.size(); }

private:
    using Entry = std::pair<Sha256, std::shared_ptr<const void>>;
    std::size_t most_;
    std::list<Entry> order_;  // last used first
    std::map<Sha256, std::list<Entry>::iterator> by_key_;
};

// SHA-256 over `what` and the parts, each with its length.
Sha256 memo_key(std::string_view what, std::initializer_list<ByteView> parts);

// make()'s value, a Result<T>, from the memo where it is known; errors are not kept. `what` names T and what is done: no two uses
// may share it. Without a memo it is just made.
template <class T, class Make>
Result<std::shared_ptr<const T>> remember(Memo* memo, std::string_view what, std::initializer_list<ByteView> parts,
                                          const Make& make) {
    const Sha256 key = memo != nullptr ? memo_key(what, parts) : Sha256{};
    if (memo != nullptr)
        if (auto known = memo->find(key)) return std::static_pointer_cast<const T>(known);
    CT_TRY(T made, make());
    auto out = std::make_shared<const T>(std::move(made));
    if (memo != nullptr) memo->keep(key, out);
    return out;
}

}  // namespace ct::attest
