// Decoding, verifying and rebuilding from slivers in memory.

#include "check.hpp"
#include "sample.hpp"
#include "suite.hpp"

#include <fstream>
#include <iterator>

namespace wal = walrus_accel;

namespace {

bytes copy(wal::span<const std::uint8_t> from) { return {from.begin(), from.end()}; }

void outputs(const wal::runtime &runtime, const sample &made) {
    wal::decode_request request(made.metadata, made.slivers(2));
    for (const auto check : {wal::check::standard, wal::check::strict, wal::check::skip}) {
        request.check = check;
        CHECK(is_same(runtime.decode(request).blob(), made.blob));
    }
    request.check = wal::check::standard;
    bytes buffer(made.blob.size());
    request.to = wal::output::memory(buffer);
    const auto decoded = runtime.decode(request);
    CHECK(buffer == made.blob);
    CHECK_FAILS(not_found, "elsewhere", decoded.blob());
    request.to = wal::output::memory(wal::span<std::uint8_t>(buffer).subspan(0, 1));
    CHECK_FAILS(invalid_argument, "1", runtime.decode(request));

    const scratch files;
    request.to = wal::output::file(files / "blob");
    (void)runtime.decode(request);
    std::ifstream file(files / "blob", std::ios::binary);
    CHECK(bytes(std::istreambuf_iterator<char>(file), {}) == made.blob);
    request.to = wal::output::file(files / "no directory" / "blob");
    CHECK_FAILS(io, "no directory", runtime.decode(request));
    CHECK_FAILS(invalid_argument, "NUL", wal::output::file(std::string(1, '\0')));
}

void choices(const wal::runtime &runtime, const sample &made) {
    wal::decode_request request(made.metadata, made.slivers());
    request.axis = wal::axis::secondary;
    auto first = runtime.decode(request);
    CHECK(first.axis() == wal::axis::secondary && first.used().size() == 5);
    for (const auto number : first.used()) { CHECK(number % 2 == 1); }
    const auto second = std::move(first);
    CHECK(is_same(second.blob(), made.blob));
    CHECK_FAILS(invalid_argument, "decoded", first.blob());
    CHECK_FAILS(invalid_argument, "decoded", first.axis());
    CHECK_FAILS(invalid_argument, "decoded", first.used());
    request.slivers = made.slivers(3);
    CHECK_FAILS(not_enough_slivers, "5", runtime.decode(request));
    const auto result = runtime.try_decode(request);
    CHECK(!result && result.failure().status == wal::status::not_enough_slivers);
    request.slivers = std::vector<wal::sliver>();
    CHECK_FAILS(not_enough_slivers, "", runtime.decode(request));
}

void unchecked(const wal::runtime &runtime, const sample &made) {
    wal::decode_unchecked_request request(made.blob.size(), made.slivers(2));
    request.n_shards = sample::n_shards;
    CHECK(is_same(runtime.decode_unchecked(request).blob(), made.blob));
    request.axis = wal::axis::secondary;
    bytes buffer(made.blob.size());
    request.to = wal::output::memory(buffer);
    auto job = runtime.submit_decode_unchecked(request);
    CHECK(job.get().axis() == wal::axis::secondary);
    CHECK(buffer == made.blob);
    request.slivers = made.slivers(3);
    CHECK_FAILS(not_enough_slivers, "5", runtime.decode_unchecked(request));
    request.length = 3 * made.blob.size();
    request.to = wal::output::library();
    CHECK_FAILS(invalid_sliver, "symbols", runtime.decode_unchecked(request));
    request.slivers[0].bytes = {};
    CHECK(runtime.try_decode_unchecked(request).failure().status == wal::status::malformed);
}

void damage(const wal::runtime &runtime, const sample &made) {
    auto slivers = made.slivers();
    auto spoilt = copy(slivers[0].bytes);
    spoilt[100] ^= 1;
    slivers[0].bytes = spoilt;
    wal::decode_request request(made.metadata, slivers);
    request.axis = wal::axis::primary;
    const auto decoded = runtime.decode(request);
    CHECK(is_same(decoded.blob(), made.blob));
    CHECK(decoded.damaged().size() == 1 && decoded.damaged()[0] == 0);

    auto far = copy(slivers[2].bytes);
    far[far.size() - 2] = 77;
    slivers[2].bytes = far;
    slivers[4].bytes = {};
    const sample longer(runtime, 2, 9000);
    slivers[6] = longer.slivers()[6];
    slivers[8].axis = wal::axis::secondary;
    const auto verdicts = runtime.verify({made.metadata, slivers});
    const std::vector<wal::verdict> expected{
        wal::verdict::wrong_root,
        wal::verdict::good,
        wal::verdict::wrong_index,
        wal::verdict::good,
        wal::verdict::malformed,
        wal::verdict::good,
        wal::verdict::wrong_size,
        wal::verdict::good,
    };
    CHECK(verdicts.size() == 14 && std::equal(expected.begin(), expected.end(), verdicts.begin()));
    CHECK(verdicts[8] != wal::verdict::good && verdicts[13] == wal::verdict::good);
    CHECK(runtime.verify({made.metadata, {}}).empty());

    const wal::control control;
    control.cancel();
    const auto result = runtime.try_verify({made.metadata, slivers}, control);
    CHECK(!result && result.failure().status == wal::status::cancelled);
}

void rebuilding(const wal::runtime &runtime, const sample &made) {
    wal::rebuild_request request(made.metadata, made.slivers(0, 3), wal::sink::library());
    request.pairs = std::vector<std::uint16_t>{6};
    request.axis = wal::axis::primary;
    const auto rebuilt = runtime.rebuild(request);
    CHECK(rebuilt.metadata().blob_id() == made.metadata.blob_id());
    for (const auto along : {wal::axis::primary, wal::axis::secondary}) {
        CHECK(is_same(rebuilt.sliver(along, 6), made.kept.sliver(along, 6)));
    }
    CHECK_FAILS(not_found, "5", rebuilt.sliver(wal::axis::primary, 5));
    request.axis = wal::axis::secondary;
    CHECK_FAILS(not_enough_slivers, "", runtime.rebuild(request));
    request.axis.reset();
    request.to = wal::sink::callback([](const wal::piece &) { throw 20; });
    CHECK_THROWS(20, runtime.rebuild(request));
    request.to = wal::sink::none();
    const auto result = runtime.try_rebuild(request);
    CHECK(!result && result.failure().status == wal::status::invalid_argument);
}

void batches(const wal::runtime &runtime, const sample &made) {
    std::vector<wal::decode_request> requests(3, {made.metadata, made.slivers()});
    requests[1].slivers = made.slivers(6);
    const wal::control control;
    const auto results = runtime.decode_batch(requests, control);
    CHECK(results.size() == 3 && control.progress().done == 3);
    CHECK(is_same(results[0]->blob(), made.blob) && is_same(results[2]->blob(), made.blob));
    CHECK(!results[1] && results[1].failure().status == wal::status::not_enough_slivers);
    CHECK(runtime.decode_batch({}).empty());
    auto gone = cpu();
    const auto taken = std::move(gone);
    CHECK_FAILS(invalid_argument, "runtime", gone.decode_batch(requests));
}

} // namespace

void test_decoding() {
    const auto runtime = cpu();
    const sample made(runtime);
    outputs(runtime, made);
    choices(runtime, made);
    unchecked(runtime, made);
    damage(runtime, made);
    rebuilding(runtime, made);
    batches(runtime, made);
}
