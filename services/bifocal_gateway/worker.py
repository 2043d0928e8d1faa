"""The merge's worker:

celery -A bifocal_gateway.worker worker -Q merge.interactive,merge
"""

from bifocal.worker import stage_worker
from bifocal_gateway.merge.stage import MergeStage

app = stage_worker("merge", MergeStage)
