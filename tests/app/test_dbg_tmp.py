from tests.app.test_private import *
from tests.app.test_private import _private,_over,_dm,_videos
from tests.conftest import rig, play
async def test_a(play):
    play.discord.close_dms(closed=True)
    play.box.script(faults.rate_limited(1200))
    await _private(play, attachments=IMAGE)
    await play.eventually(lambda: play.posts() == 1)
    t=play.clock.now()
    await play.run_until(lambda: only_job(play).state.is_final, 7200, 30)
    print("T",play.clock.now()-t, [ (g.error, ) if hasattr(g,'error') else g for g in play.box.generations.values()])
    print([r.json.get('image_url') for r in play.box.requests if r.path=='/generate'])
    print(play.discord.parts.cdn.files.keys())
async def test_b(play):
    play.box.script(faults.rate_limited(60), faults.wait(400))
    t=play.clock.now()
    card = await _private(play, attachments=IMAGE)
    await play.eventually(lambda: play.posts() == 1)
    await play.restart_bot()
    await play.run_until(lambda: only_job(play).state is State.PENDING, 1800)
    print("T",play.clock.now()-t)
    await play.restart_bot()
    await _over(play, step_s=10)
    print("T",play.clock.now()-t)
    print(_dm(play))
