// Expanding, recovering, and reading from slivers that arrive one by one.

#include "check.hpp"
#include "sample.hpp"
#include "suite.hpp"

#include <thread>
#include <utility>
#include <vector>

namespace wal = walrus_accel;

namespace {

using symbols = std::vector<bytes>;

std::vector<wal::span<const std::uint8_t>> views(const symbols &of) {
    return {of.begin(), of.end()};
}

symbols cut(
    const wal::runtime &runtime, const sample &made, wal::target wanted, wal::symbol_kind form) {
    const auto other =
        wanted.axis == wal::axis::primary ? wal::axis::secondary : wal::axis::primary;
    symbols found;
    for (std::uint16_t pair = 0; pair < sample::n_shards; ++pair) {
        const wal::sliver given{other, made.kept.sliver(other, pair)};
        const auto expanded = runtime.expand(made.metadata, given);
        CHECK(expanded.axis() == other);
        CHECK(expanded.index() == wal::sliver_index(sample::n_shards, other, pair));
        CHECK(expanded.root() == made.metadata.sliver_root(other, pair));
        CHECK(expanded.memory() >= sample::n_shards * made.metadata.shape().symbol_size);
        found.push_back(expanded.symbol(wanted.pair, form));
        if (form == wal::symbol_kind::decoding) {
            const std::uint16_t pairs[] = {wanted.pair};
            CHECK(runtime.decoding_symbols(made.metadata, given, pairs) == found.back());
            CHECK(found.back().size() == made.metadata.shape().decoding_symbol_length);
        } else {
            CHECK(found.back().size() <= made.metadata.shape().recovery_symbol_length);
        }
    }
    return found;
}

void recovering(const wal::runtime &runtime, const sample &made, wal::target wanted) {
    auto proven = cut(runtime, made, wanted, wal::symbol_kind::recovery);
    const auto expected = made.kept.sliver(wanted.axis, wanted.pair);
    auto recovered = runtime.recover(made.metadata, wanted, views(proven));
    CHECK(recovered.is_sliver() && is_same(recovered.sliver(), expected));
    CHECK(recovered.refused().empty() && !recovered.used().empty());
    CHECK_FAILS(not_found, "recovered", recovered.proof());
    proven[0].pop_back();
    proven[1][0] ^= 1;
    const auto verdicts = runtime.verify_symbols(made.metadata, wanted, views(proven));
    CHECK(verdicts[0] == wal::symbol_verdict::malformed &&
          verdicts[1] == wal::symbol_verdict::wrong_axis);
    CHECK(verdicts[2] == wal::symbol_verdict::good);
    const auto again = runtime.recover(made.metadata, wanted, views(proven));
    CHECK(is_same(again.sliver(), expected) && again.refused().size() == 2);
    CHECK(again.refused()[1] == std::make_pair(std::size_t{1}, wal::symbol_verdict::wrong_axis));
    proven.resize(3);
    CHECK_FAILS(not_enough_symbols, "1", runtime.recover(made.metadata, wanted, views(proven)));
    proven.push_back(proven[2]);
    std::vector<wal::symbol_verdict> told;
    CHECK(!runtime.try_recover(
        made.metadata, wanted, views(proven), wal::symbol_kind::recovery, {}, &told));
    CHECK(told == (std::vector<wal::symbol_verdict>{wal::symbol_verdict::malformed,
                      wal::symbol_verdict::wrong_axis, wal::symbol_verdict::good,
                      wal::symbol_verdict::not_checked}));

    const auto plain = cut(runtime, made, wanted, wal::symbol_kind::decoding);
    const auto form = wal::symbol_kind::decoding;
    CHECK(is_same(runtime.recover(made.metadata, wanted, views(plain), form).sliver(), expected));
    auto wrong = plain;
    for (auto &symbol : wrong) { symbol.back() ^= 1; }
    wrong[0].back() ^= 2;
    const auto result = runtime.try_recover(made.metadata, wanted, views(wrong), form);
    CHECK(result || result.failure().status == wal::status::invalid_sliver);
    const auto moved = std::move(recovered);
    CHECK(is_same(moved.sliver(), expected));
    CHECK_FAILS(invalid_argument, "recovered", recovered.sliver());
}

void refusing(const wal::runtime &runtime, const sample &made) {
    const auto bytes_of = made.kept.sliver(wal::axis::primary, 0);
    bytes damaged(bytes_of.begin(), bytes_of.end());
    damaged[7] ^= 1;
    CHECK_FAILS(invalid_sliver, "0", runtime.expand(made.metadata, {wal::axis::primary, damaged}));
    damaged.pop_back();
    CHECK_FAILS(malformed, "", runtime.expand(made.metadata, {wal::axis::primary, damaged}));
    const auto expanded = runtime.expand(made.metadata, {wal::axis::primary, bytes_of});
    CHECK_FAILS(invalid_argument, "7", expanded.symbol(sample::n_shards));
    const auto finding = runtime.verify_proof(made.metadata, wal::axis::primary, bytes{2, 0, 0});
    CHECK(finding.verdict == wal::proof_verdict::wrong_count);
    CHECK(runtime.verify_proof(made.metadata, wal::axis::primary, {}).verdict ==
          wal::proof_verdict::malformed);
}

void many_blobs(const wal::runtime &runtime, const sample &made) {
    const sample other(runtime, 2, 300);
    std::vector<wal::blob_sliver> slivers;
    for (const auto &sliver : made.slivers()) { slivers.emplace_back(made.metadata, sliver); }
    for (const auto &sliver : other.slivers()) { slivers.emplace_back(other.metadata, sliver); }
    slivers.emplace_back(made.metadata, other.slivers()[0]);
    const auto verdicts = runtime.verify(slivers);
    for (std::size_t number = 0; number + 1 < verdicts.size(); ++number) {
        CHECK(verdicts[number] == wal::verdict::good);
    }
    CHECK(verdicts.back() == wal::verdict::wrong_size);
    CHECK(runtime.verify(std::vector<wal::blob_sliver>()).empty());
}

void reading(const wal::runtime &runtime, const sample &made) {
    const auto reader = runtime.reader(made.metadata);
    CHECK(!reader.ready() && reader.missing(wal::axis::primary) == made.metadata.shape().rows);
    CHECK_FAILS(not_enough_slivers, "", reader.read());
    const auto slivers = made.slivers();
    std::vector<std::thread> threads;
    for (const auto &sliver : slivers) {
        threads.emplace_back([&reader, &sliver] {
            const auto added = reader.add(wal::span<const wal::sliver>(&sliver, 1));
            CHECK(added.size() == 1 && added[0].outcome != wal::outcome::damaged);
        });
    }
    for (auto &thread : threads) { thread.join(); }
    CHECK(reader.ready().has_value() && reader.missing(wal::axis::secondary) == 0);
    const auto seen = reader.report();
    CHECK(seen.damaged.empty() && !seen.kept.empty());
    const auto decoded = reader.read(wal::output::library(), wal::check::strict);
    CHECK(is_same(decoded.blob(), made.blob) && decoded.axis() == *reader.ready());
    bytes buffer(made.blob.size());
    (void)reader.read(wal::output::memory(buffer));
    CHECK(buffer == made.blob);
    bytes part(1000);
    reader.read_range(777, part);
    CHECK(std::equal(part.begin(), part.end(), made.blob.begin() + 777));
    CHECK_FAILS(invalid_argument, "5000", reader.read_range(4001, part));
    const wal::control control;
    control.cancel();
    CHECK_FAILS(cancelled, "", reader.read_range(0, part, control));
    bytes damaged(slivers[0].bytes.begin(), slivers[0].bytes.end());
    damaged.pop_back();
    const wal::sliver none[] = {{wal::axis::primary, damaged}};
    CHECK(reader.add(none)[0].verdict == wal::verdict::malformed);
}

} // namespace

void test_recovery() {
    const auto runtime = cpu();
    const sample made(runtime);
    recovering(runtime, made, {wal::axis::primary, 2});
    recovering(runtime, made, {wal::axis::secondary, 6});
    refusing(runtime, made);
    many_blobs(runtime, made);
    reading(runtime, made);
    const auto id = made.metadata.blob_id();
    CHECK(wal::pair_of_shard(7, id, wal::shard_of_pair(7, id, 3)) == 3);
    CHECK(wal::rows_of_range(7, 5000, 0, 1) == std::make_pair(std::uint16_t{0}, std::uint16_t{1}));
    CHECK_FAILS(invalid_argument, "5000", wal::rows_of_range(7, 5000, 5000, 1));
}
